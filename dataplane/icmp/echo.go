package icmp

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// Reply turns p, an ICMP or ICMPv6 message whose headers have been found, into
// the reply to the echo request that it is, as Linux answers it. It reports
// false, and leaves p as it was, if p is none. Options and extension headers are
// dropped. A wrong checksum stays wrong: ChecksumOK tells. MAC addresses are left
// to be set.
func Reply(p *packet.Packet, proto lvs.Protocol) bool {
	if p.L4 == 0 {
		return false
	}
	b := p.Bytes()
	m, ok := header.ParseICMP(b[p.L4:])
	if !ok {
		return false
	}
	v4 := b[p.L3]>>4 == 4
	switch {
	case v4 && proto == lvs.ICMP && m.Type() == header.ICMPEcho:
		setType(p, m, header.ICMPEchoReply)
		dropOptions(p, header.IPv4Size)
		turn4(header.IPv4(p.Bytes()[p.L3:]))
	case !v4 && proto == lvs.ICMPv6 && m.Type() == header.ICMPv6EchoRequest:
		setType(p, m, header.ICMPv6EchoReply)
		dropOptions(p, header.IPv6Size)
		turn6(header.IPv6(p.Bytes()[p.L3:]))
	default:
		return false
	}
	return true
}

// setType sets the type of m, which is in p, and has the checksum follow. An
// unfinished one does not cover the type yet.
func setType(p *packet.Packet, m header.ICMP, t uint8) {
	before := uint64(m.Type()) << 8
	m.SetType(t)
	if p.Sum == (packet.Partial{}) {
		// RFC 1624's equation 3 would give 0 for a reply of nothing but zeros,
		// which does not verify; this never does.
		m.SetChecksum(checksum.Fold(uint64(m.Checksum()) + before + uint64(^(uint16(t) << 8))))
	}
}

// dropOptions leaves size bytes between the network header and the transport
// header of p. The lengths in the network header are left to be set.
func dropOptions(p *packet.Packet, size int) {
	l4 := int(p.L3) + size
	n := int(p.L4) - l4
	if n == 0 {
		return
	}
	b := p.Bytes()
	copy(b[l4:], b[p.L4:])
	p.Truncate(len(b) - n)
	p.L4 = uint16(l4)
	if p.Sum != (packet.Partial{}) {
		p.Sum.Start -= uint16(n)
		p.Sum.Field -= uint16(n)
	}
}

// turn4 sends the packet h, which has no options any more, back to its source.
// The identification stays the one that the source has chosen.
func turn4(h header.IPv4) {
	h.SetHeaderLen(header.IPv4Size)
	h.SetTotalLen(len(h))
	h.SetFragment(0, 0)
	h.SetTTL(64)
	src := h.Src()
	h.SetSrc(h.Dst())
	h.SetDst(src)
	h.SetChecksum(h.ComputeChecksum())
}

// turn6 is turn4 for a packet without extension headers.
func turn6(h header.IPv6) {
	h.SetFlow(h.TrafficClass(), 0)
	h.SetPayloadLen(len(h) - header.IPv6Size)
	h.SetNextHeader(header.ProtoICMPv6)
	h.SetHopLimit(64)
	var src [16]byte
	copy(src[:], h.Src())
	h.SetSrc(h.Dst())
	h.SetDst(src[:])
}
