// Package reset makes the TCP reset for a segment that belongs to nothing.
//
// Like an ICMP error it is made in the frame of the segment it answers, which is
// not sent anyway: headers are written over headers, and what follows is cut
// off. It is byte for byte what Linux sends from a closed port, IPv6's flow
// label apart, which is zero here. Who gets a reset, and how often, is the
// caller's decision.
package reset

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// ttl is Linux's time to live and hop limit (net.ipv4.ip_default_ttl).
const ttl = 64

// ecn are the bits that say whether a router may mark the packet for congestion;
// a reset's is not one to slow down for (RFC 3168, section 6.1.1).
const ecn = 3

// Make turns p, a TCP segment whose headers have been found, into the reset
// that answers it (RFC 9293, 3.10.7.1). It reports false, and leaves p as it
// was, if p gets no answer: it is a reset itself, no readable segment, or its
// checksum is wrong. MAC addresses are left to be set.
func Make(p *packet.Packet) bool {
	if p.L4 == 0 {
		return false
	}
	s, ok := header.ParseTCP(p.Bytes()[p.L4:])
	if !ok || s.Flags()&header.FlagRST != 0 || !checksumOK(p, s) {
		return false
	}
	var answer [header.TCPSize]byte
	answerTo(s, answer[:])
	size := header.IPv6Size
	if p.Bytes()[p.L3]>>4 == 4 {
		size = header.IPv4Size
	}
	l4 := int(p.L3) + size // options and extension headers are gone
	p.Truncate(l4 + header.TCPSize)
	p.L4, p.Sum, p.GSO = uint16(l4), packet.Partial{}, packet.GSO{}
	copy(p.Bytes()[l4:], answer[:])
	if size == header.IPv4Size {
		turn4(header.IPv4(p.Bytes()[p.L3:]))
	} else {
		turn6(header.IPv6(p.Bytes()[p.L3:]))
	}
	return true
}

// checksumOK reports whether the checksum of the segment s in p is right, or has
// yet to be finished.
func checksumOK(p *packet.Packet, s header.TCP) bool {
	return p.Sum != (packet.Partial{}) || sum(p.Bytes()[p.L3:], s) == 0
}

// sum returns the checksum field of the whole segment s in the packet that ip
// begins with; zero, if it is there and right.
func sum(ip []byte, s header.TCP) uint16 {
	if ip[0]>>4 == 4 {
		h := header.IPv4(ip)
		return ^checksum.Fold(checksum.Add(checksum.Pseudo4(h.Src(), h.Dst(), header.ProtoTCP, len(s)), s))
	}
	h := header.IPv6(ip)
	return ^checksum.Fold(checksum.Add(checksum.Pseudo6(h.Src(), h.Dst(), header.ProtoTCP, len(s)), s))
}

// answerTo writes the reset that answers s to b, but for the checksum. If s
// acknowledges something, the reset is the next byte that its sender expects;
// if not, it acknowledges all of s (tcp_v4_send_reset).
func answerTo(s, b header.TCP) {
	b.SetSrcPort(s.DstPort())
	b.SetDstPort(s.SrcPort())
	b.SetDataOffset(header.TCPSize)
	if s.Flags()&header.FlagACK != 0 {
		b.SetFlags(header.FlagRST)
		b.SetSeq(s.Ack())
		return
	}
	n := uint32(len(s.Payload()))
	if s.Flags()&header.FlagSYN != 0 {
		n++
	}
	if s.Flags()&header.FlagFIN != 0 {
		n++
	}
	b.SetFlags(header.FlagRST | header.FlagACK)
	b.SetAck(s.Seq() + n)
}

// turn4 turns the header around that the answer in h had as a segment, and sets
// the checksums.
func turn4(h header.IPv4) {
	h.SetHeaderLen(header.IPv4Size)
	h.SetTOS(h.TOS() &^ ecn)
	h.SetTotalLen(len(h))
	h.SetID(0) // of a packet that is never fragmented it means nothing (RFC 6864)
	h.SetFragment(header.IPv4DontFragment, 0)
	h.SetTTL(ttl)
	src := h.Src()
	h.SetSrc(h.Dst())
	h.SetDst(src)
	h.SetChecksum(h.ComputeChecksum())
	answer := header.TCP(h.Payload())
	answer.SetChecksum(sum(h, answer))
}

// turn6 is turn4 for IPv6.
func turn6(h header.IPv6) {
	h.SetFlow(h.TrafficClass()&^ecn, 0)
	h.SetPayloadLen(header.TCPSize)
	h.SetNextHeader(header.ProtoTCP)
	h.SetHopLimit(ttl)
	var src [16]byte
	copy(src[:], h.Src())
	h.SetSrc(h.Dst())
	h.SetDst(src[:])
	answer := header.TCP(h.Payload())
	answer.SetChecksum(sum(h, answer))
}
