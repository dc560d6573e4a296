package icmp

import (
	"encoding/binary"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// Where the director has changed more of a packet than its addresses, an error
// about it has to be changed accordingly. The checksum of the error is left to
// ToReal and the like, which come after.

// seqOffset is where a TCP header has its sequence number, which every error
// quotes (RFC 792).
const seqOffset = 4

// Seq returns the sequence number of the quoted packet. It reports false if that
// is no TCP segment, or cut short before.
func (q *Quote) Seq(p *packet.Packet) (seq uint32, ok bool) {
	b := p.Bytes()
	if q.Tuple.Proto != lvs.TCP || len(b) < q.l4+seqOffset+4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[q.l4+seqOffset:]), true
}

// SetSeq sets what Seq returned: a host ignores an error about what it has not
// sent (RFC 5927, section 4.1).
func (q *Quote) SetSeq(p *packet.Packet, seq uint32) {
	binary.BigEndian.PutUint32(p.Bytes()[q.l4+seqOffset:], seq)
}

// LowerMTU takes n off the MTU that p, an error that Related has viewed, tells
// of, if it does: the sender of packets that the director makes longer has to
// make them as much shorter. It goes no lower than any link does.
func LowerMTU(p *packet.Packet, n int) {
	b := p.Bytes()
	m := header.ICMP(b[p.L4:])
	switch v4 := b[p.L3]>>4 == 4; {
	case v4 && m.Type() == header.ICMPDstUnreachable && m.Code() == header.ICMPFragNeeded:
		m.SetMTU4(lowered(m.MTU4(), n, minMTU4))
	case !v4 && m.Type() == header.ICMPv6PacketTooBig:
		m.SetMTU6(lowered(m.MTU6(), n, minMTU6))
	}
}

func lowered(mtu, n, least int) int { return max(mtu-n, min(mtu, least)) }
