package icmp

import (
	"encoding/binary"
	"math"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// Relay makes p, the error that q is about, the error that the client gets: about
// its own packet, as far as p quotes that, from src. mtu counts for TooBig only.
// It is what the way to the destination takes; the client is told what is left
// of that inside the outer headers. MAC addresses are left to be set.
func Relay(p *packet.Packet, q *TunnelQuote, src lvs.Addr, mtu int) {
	l2, front := int(p.L3), q.l3-int(p.L3)
	p.Truncate(q.end)
	b := p.Bytes()
	copy(b[front:], b[:l2])
	p.Pull(front)
	p.L3 = uint16(l2)
	if l2 != 0 {
		binary.BigEndian.PutUint16(p.Bytes()[l2-2:], q.etherType())
	}
	// There is room, as the headers that were here are no shorter: of two IP
	// packets and an ICMP message.
	Make(p, q.Kind, src, q.inside(mtu))
}

func (q *TunnelQuote) etherType() uint16 {
	if q.Tuple.Src.Is4() {
		return header.TypeIPv4
	}
	return header.TypeIPv6
}

// No link takes less of a family (RFC 791, section 3.2; RFC 8200, section 5).
const (
	minMTU4 = 68
	minMTU6 = 1280
)

// inside returns what is left of an MTU inside the outer headers. If it is
// nothing to speak of, an IPv4 client is told of all, as by the kernel
// (ip_vs_in_icmp); an IPv6 client's host would not listen (RFC 8201, section 4),
// and such packets are to be fragmented outside (RFC 2473, section 7.1).
func (q *TunnelQuote) inside(mtu int) int {
	if !q.Tuple.Src.Is4() {
		return max(mtu-q.Overhead, minMTU6)
	}
	mtu = min(mtu, math.MaxUint16)
	if mtu > minMTU4+q.Overhead {
		mtu -= q.Overhead
	}
	return mtu
}

// kindOf returns the error that a client gets when the director gets m. Within a
// family that is m itself, but for an MTU; from one to the other there are four
// (after RFC 7915, sections 4.2 and 5.2). It reports false if there is none.
func kindOf(m header.ICMP, from4, to4 bool) (k Kind, ok bool) {
	t, c := m.Type(), m.Code()
	switch {
	case from4 && !isError4(t) || !from4 && (t == 0 || t > header.ICMPv6TimeExceeded):
		return k, false
	case from4 && t == header.ICMPDstUnreachable && c == header.ICMPFragNeeded,
		!from4 && t == header.ICMPv6PacketTooBig:
		return TooBig, true
	case from4 && to4:
		return Kind{type4: t, code4: c}, true
	case !from4 && !to4:
		return Kind{type6: t, code6: c}, true
	case from4:
		return across4(t, c)
	}
	return across6(t, c), true
}

// across4 returns what an error of IPv4 is in IPv6.
func across4(t, c uint8) (k Kind, ok bool) {
	switch {
	case t == header.ICMPSourceQuench:
		return k, false
	case t == header.ICMPTimeExceeded:
		return TimeExceeded, true
	case c == header.ICMPPortUnreachable:
		return PortUnreachable, true
	}
	return HostUnreachable, true
}

// across6 returns what an error of IPv6 is in IPv4.
func across6(t, c uint8) Kind {
	switch {
	case t == header.ICMPv6TimeExceeded:
		return TimeExceeded
	case c == header.ICMPv6PortUnreachable:
		return PortUnreachable
	}
	return HostUnreachable
}
