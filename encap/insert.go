package encap

import (
	"math"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

// insert puts text at offset at of p's frame, behind the IP header, which then
// says so. What was before it moves towards the front, the payload stays where it
// is. It reports false, and leaves p as it was, if p has no room for text, would
// be longer than an IP packet can be, or if text has an odd length: the sum of
// all behind it would be another.
func insert(p *packet.Packet, at int, text []byte) bool {
	n, l3, l4, sum := len(text), p.L3, p.L4, p.Sum
	if n%2 != 0 || p.Len()-int(l3)+n > math.MaxUint16 || p.Push(n) == nil {
		return false
	}
	p.L3, p.L4, p.Sum = l3, l4, sum
	b := p.Bytes()
	copy(b[:at], b[n:])
	copy(b[at:], text)
	resize(b[l3:], n)
	return true
}

// corrected returns the checksum field of p's transport header, finished or not,
// after the sum of the pseudo header has changed by pseudo, and that of the rest
// by rest: what an unfinished one has not in it yet.
func corrected(p *packet.Packet, field uint16, pseudo, rest uint64) uint16 {
	if p.Sum.Start == p.L4 {
		return checksum.ApplyPartial(field, pseudo)
	}
	return checksum.Apply(field, pseudo+rest)
}
