package icmp

import (
	"encoding/binary"
	"math"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// An End is one end of a connection: an address and its port.
type End struct {
	Addr lvs.Addr
	Port uint16
}

// familyRoom is how much longer a packet is in IPv6 than it was in IPv4.
const familyRoom = header.IPv6Size - header.IPv4Size

// Cross makes p, the error that q is about, one of the other family: about the
// packet that its receiver has sent, from src to dst, as far as p quotes that. It
// comes from dst, because a router of one family has no address in the other
// (RFC 7915, sections 4.2 and 5.2). It reports false, and leaves p as it was,
// for an error that means nothing there or quotes too little, and if p has no room
// for the headers.
// MAC addresses are left to be set.
func Cross(p *packet.Packet, q *Quote, src, dst End) bool {
	m := header.ICMP(p.Bytes()[p.L4:])
	from4 := !src.Addr.Is4()
	k, ok := kindOf(m, from4, !from4)
	about, end := q.inner(p.Bytes()), q.l3+quoted(m, familyOf(from4))
	cut := end < q.l4+header.PortsSize
	if !ok || cut || isIPsec(q.Tuple.Proto) || about.length > math.MaxUint16-header.IPv4Size || p.Start() < 2*familyRoom {
		return false
	}
	mtu := crossMTU(m, from4)
	p.Truncate(end)
	q.cross(p, &about, src, dst)
	return Make(p, k, dst.Addr, mtu)
}

func familyOf(v4 bool) lvs.Protocol {
	if v4 {
		return lvs.ICMP
	}
	return lvs.ICMPv6
}

// crossMTU returns the MTU that m tells of in terms of the other family. A router
// over IPv4 may leave open which it is (RFC 1191, section 5).
func crossMTU(m header.ICMP, from4 bool) int {
	if from4 {
		return max(m.MTU4()+familyRoom, minMTU6)
	}
	return min(max(m.MTU6()-familyRoom, minMTU4), math.MaxUint16)
}

// cross leaves of p the quoted packet, as its sender knows it: with an IP header
// of the other family in the place of all that is in front of its ports.
func (q *Quote) cross(p *packet.Packet, about *inner, src, dst End) {
	l2, size, etherType := int(p.L3), header.IPv6Size, uint16(header.TypeIPv6)
	if src.Addr.Is4() {
		size, etherType = header.IPv4Size, header.TypeIPv4
	}
	b := p.Bytes()
	front := q.l4 - size - l2
	copy(b[front:], b[:l2])
	p.Pull(front)
	p.L3, b = uint16(l2), p.Bytes()
	if l2 != 0 {
		binary.BigEndian.PutUint16(b[l2-2:], etherType)
	}
	about.put(b[l2:], src.Addr, dst.Addr)
	binary.BigEndian.PutUint16(b[l2+size:], src.Port)
	binary.BigEndian.PutUint16(b[l2+size+2:], dst.Port)
}

// An inner is what the IP header of a quoted packet keeps in another family.
type inner struct {
	class, ttl, proto uint8
	length            int // of what was behind the header when the packet was whole
}

func (q *Quote) inner(b []byte) inner {
	headers, proto := q.l4-q.l3, uint8(q.Tuple.Proto)
	if h := header.IPv4(b[q.l3:]); h[0]>>4 == 4 {
		return inner{h.TOS(), h.TTL(), proto, h.TotalLen() - headers}
	}
	h := header.IPv6(b[q.l3:])
	return inner{h.TrafficClass(), h.HopLimit(), proto, header.IPv6Size + h.PayloadLen() - headers}
}

// put writes the header to b.
func (i *inner) put(b []byte, src, dst lvs.Addr) {
	if src.Is4() {
		h := header.IPv4(b)
		h.SetHeaderLen(header.IPv4Size)
		h.SetTOS(i.class)
		h.SetTotalLen(header.IPv4Size + i.length)
		h.SetID(0)
		h.SetFragment(header.IPv4DontFragment, 0)
		h.SetTTL(i.ttl)
		h.SetProto(i.proto)
		h.SetSrc(src.V4())
		h.SetDst(dst.V4())
		h.SetChecksum(h.ComputeChecksum())
		return
	}
	from, to := src.As16(), dst.As16()
	h := header.IPv6(b)
	h.SetFlow(i.class, 0)
	h.SetPayloadLen(i.length)
	h.SetNextHeader(i.proto)
	h.SetHopLimit(i.ttl)
	h.SetSrc(from[:])
	h.SetDst(to[:])
}
