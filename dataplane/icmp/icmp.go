// Package icmp makes ICMP errors about packets, translates or relays those of
// others, and answers echo requests.
//
// An error is made in the frame of the packet it is about, which is not sent
// anyway, so it needs no memory of its own. Translation has an error about one
// side of a connection make sense on the other side: the addresses inside it
// are rewritten as its packet's were. Relaying has an error about a tunnel become
// one about the packet inside, for its sender. Both families; who gets an error,
// and how often, is the caller's decision, for which there is Limiter.
package icmp

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// A Kind is a kind of error, with its type and code in either family.
type Kind struct{ type4, code4, type6, code6 uint8 }

// The errors that a director sends.
var (
	TimeExceeded    = Kind{header.ICMPTimeExceeded, 0, header.ICMPv6TimeExceeded, 0}
	TooBig          = Kind{header.ICMPDstUnreachable, header.ICMPFragNeeded, header.ICMPv6PacketTooBig, 0}
	HostUnreachable = Kind{header.ICMPDstUnreachable, header.ICMPHostUnreachable, header.ICMPv6DstUnreachable, header.ICMPv6AddressUnreachable}
	PortUnreachable = Kind{header.ICMPDstUnreachable, header.ICMPPortUnreachable, header.ICMPv6DstUnreachable, header.ICMPv6PortUnreachable}
	BadHeader       = Kind{header.ICMPParameterProblem, 0, header.ICMPv6ParameterProblem, 0}
)

// An error quotes its packet up to a total of 576 bytes (RFC 1812, 4.3.2.3), or
// of the IPv6 minimum MTU (RFC 4443, 2.4).
const (
	maxError4 = 576
	maxError6 = 1280
)

// Make turns p into an error of kind k about itself, from src to p's sender. n is the
// MTU that TooBig tells of, and which byte BadHeader finds fault with; it counts for
// no other. Make reports false, and leaves p as it was, if p has no room for the
// headers. MAC addresses are left to be set.
func Make(p *packet.Packet, k Kind, src lvs.Addr, n int) bool {
	l2 := int(p.L3)
	v4 := p.Bytes()[l2]>>4 == 4
	size, limit := header.IPv6Size+header.ICMPSize, maxError6
	if v4 {
		size, limit = header.IPv4Size+header.ICMPSize, maxError4
	}
	front := p.Push(size)
	if front == nil {
		return false
	}
	b := p.Bytes()
	copy(b, b[size:size+l2])
	p.Truncate(l2 + limit)
	p.L3, p.L4 = uint16(l2), uint16(l2+size-header.ICMPSize)
	p.Sum, p.GSO = packet.Partial{}, packet.GSO{}
	if v4 {
		make4(p.Bytes()[l2:], k, src, n)
	} else {
		make6(p.Bytes()[l2:], k, src, n)
	}
	return true
}

// make4 writes the headers before the quoted packet in b.
func make4(b []byte, k Kind, src lvs.Addr, n int) {
	about := header.IPv4(b[header.IPv4Size+header.ICMPSize:])
	h := header.IPv4(b)
	h.SetHeaderLen(header.IPv4Size)
	h.SetTOS(about.TOS()&0x1e | 0xc0) // internetwork control, as the kernel's icmp_send
	h.SetTotalLen(len(b))
	h.SetID(about.ID())
	h.SetFragment(0, 0)
	h.SetTTL(64)
	h.SetProto(header.ProtoICMP)
	h.SetSrc(src.V4())
	h.SetDst(about.Src())
	h.SetChecksum(h.ComputeChecksum())
	m := header.ICMP(b[header.IPv4Size:])
	m.SetType(k.type4)
	m.SetCode(k.code4)
	m.SetRest(k.rest4(n))
	m.SetChecksum(0)
	m.SetChecksum(checksum.Sum(m))
}

// make6 writes the headers before the quoted packet in b.
func make6(b []byte, k Kind, src lvs.Addr, n int) {
	about := header.IPv6(b[header.IPv6Size+header.ICMPSize:])
	h := header.IPv6(b)
	from := src.As16()
	h.SetFlow(0, 0)
	h.SetPayloadLen(len(b) - header.IPv6Size)
	h.SetNextHeader(header.ProtoICMPv6)
	h.SetHopLimit(64)
	h.SetSrc(from[:])
	h.SetDst(about.Src())
	m := header.ICMP(h.Payload())
	m.SetType(k.type6)
	m.SetCode(k.code6)
	m.SetRest(k.rest6(n))
	m.SetChecksum(0)
	m.SetChecksum(sum6(h, m))
}

// rest4 returns what the error says beside its type and code: an MTU has two bytes of
// four, a place in the header the first.
func (k Kind) rest4(n int) uint32 {
	switch k {
	case TooBig:
		return uint32(uint16(n))
	case BadHeader:
		return uint32(n) << 24
	}
	return 0
}

// rest6 is rest4 for ICMPv6, where both have all four.
func (k Kind) rest6(n int) uint32 {
	if k == TooBig || k == BadHeader {
		return uint32(n)
	}
	return 0
}

// sum6 returns the ICMPv6 checksum field of the whole message m in h.
func sum6(h header.IPv6, m header.ICMP) uint16 {
	acc := checksum.Pseudo6(h.Src(), h.Dst(), header.ProtoICMPv6, len(m))
	return ^checksum.Fold(checksum.Add(acc, m))
}
