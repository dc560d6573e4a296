package encap

import (
	"math"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// Replace puts text in the place of the n bytes at offset at of the payload of
// p, a TCP segment, which becomes as much longer or shorter; the sequence
// numbers of what follows it are for ShiftSequence. A checksum that was wrong
// stays wrong. It reports false, and leaves p as it was, if p is not a whole
// segment, has no such bytes, or no room for the text. text is not part of p.
func Replace(p *packet.Packet, at, n int, text []byte) bool {
	s, ok := segmentIn(p)
	if !ok || at < 0 || n < 0 || at > len(s.Payload())-n {
		return false
	}
	grow := len(text) - n
	if p.Len()-int(p.L3)+grow > math.MaxUint16 || grow > 0 && p.Grow(grow) == nil {
		return false
	}
	from := s.DataOffset() + at
	word := from &^ 1 // what is before it stays where and as it is
	before := checksum.Fold(checksum.Add(0, s[word:]))
	s = splice(p, s, from, n, text)
	delta := resize(p.Bytes()[p.L3:], grow)
	if p.Sum.Start == p.L4 {
		// Only the pseudo header is in an unfinished checksum yet.
		s.SetChecksum(checksum.ApplyPartial(s.Checksum(), delta))
		return true
	}
	after := checksum.Fold(checksum.Add(0, s[word:]))
	s.SetChecksum(checksum.Apply(s.Checksum(), delta+uint64(^before)+uint64(after)))
	return true
}

// splice puts text in the place of n bytes of s, the segment in p, which has
// grown already if it has to, and returns the segment as it is then.
func splice(p *packet.Packet, s header.TCP, from, n int, text []byte) header.TCP {
	size := len(s) + len(text) - n
	b := p.Bytes()[p.L4:]
	copy(b[from+len(text):], b[from+n:len(s)])
	copy(b[from:], text)
	p.Truncate(int(p.L4) + size)
	return header.TCP(b[:size])
}

// resize makes the IP packet that begins with ip longer by grow bytes, by its
// own account. It returns by how much the sum of the pseudo header changes.
func resize(ip []byte, grow int) (delta uint64) {
	if ip[0]>>4 == 6 {
		h := header.IPv6(ip)
		before := h.PayloadLen()
		h.SetPayloadLen(before + grow)
		return checksum.Delta32(uint32(before), uint32(before+grow))
	}
	h := header.IPv4(ip)
	before := h.TotalLen()
	h.SetTotalLen(before + grow)
	h.SetChecksum(checksum.Update(h.Checksum(), uint16(before), uint16(before+grow)))
	return checksum.Delta32(uint32(before), uint32(before+grow))
}

// segmentIn views the TCP segment in p. It reports false if there is none, or
// not the whole of it and nothing else.
func segmentIn(p *packet.Packet) (header.TCP, bool) {
	if p.L4 == 0 || !carries(p.Bytes()[p.L3:], header.ProtoTCP) {
		return nil, false
	}
	return header.ParseTCP(p.Bytes()[p.L4:])
}

// datagramIn is segmentIn for UDP. A datagram may end before its packet does.
func datagramIn(p *packet.Packet) (header.UDP, bool) {
	if p.L4 == 0 || !carries(p.Bytes()[p.L3:], header.ProtoUDP) {
		return nil, false
	}
	return header.ParseUDP(p.Bytes()[p.L4:])
}

// carries reports whether b is an IP packet, without padding behind it, that
// carries proto and is no fragment.
func carries(b []byte, proto uint8) bool {
	if h, ok := header.ParseIPv4(b); ok {
		return len(h) == len(b) && h.Proto() == proto && !h.IsFragment()
	}
	h, ok := header.ParseIPv6(b)
	if !ok || len(h) != len(b) {
		return false
	}
	t, ok := h.Transport()
	return ok && t.Proto == proto && t.FragmentOffset == 0 && !t.MoreFragments
}
