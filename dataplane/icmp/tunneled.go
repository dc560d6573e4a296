package icmp

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// A TunnelQuote is the packet inside an error about a tunnel: one of a client,
// which the embedded Quote is about, in the director's outer headers. These tell
// the tunnel by its Destination, Type and Port.
type TunnelQuote struct {
	Quote
	Kind        Kind // of the error that the client gets; to be compared with TooBig alone
	Destination lvs.Addr
	Type        lvs.TunnelType
	Port        uint16 // of gue, where Destination listens
	Overhead    int    // size of the outer headers
	MTU         int    // of the way to Destination, if Kind is TooBig; 0 if that is not said
	DF          bool   // nobody may fragment the client's packet, as is so of all IPv6

	end int // of what is quoted of the client's packet
}

// Tunneled views the tunnelled packet that p, an ICMP or ICMPv6 message to the
// director itself, is an error about. It reports false if p is no such error (of
// ICMP, types 3, 4 and 11 are, of ICMPv6, 1 to 3), if it quotes no tunnel as
// directors have them, or only a later fragment, or too little to find the
// client's ports, or if Related would refuse the client's packet. Whether the
// director has that tunnel, and that connection, is still to be asked.
//
// The kernel has this for IPv4 in IPv4 alone (ip_vs_in_icmp), and of other
// tunnels' MTUs clients never learn. Here either family may be in either.
func Tunneled(p *packet.Packet, proto lvs.Protocol) (q TunnelQuote, ok bool) {
	m, ok := header.ParseICMP(p.Bytes()[p.L4:])
	if !ok || p.L4 == 0 {
		return q, false
	}
	start := int(p.L4) + header.ICMPSize
	b := p.Bytes()[:start+quoted(m, proto)]
	q.l3 = start
	inner, ok := q.outer(b, proto)
	if !ok {
		return q, false
	}
	if inner, ok = q.tunnel(b[q.l3:], inner); !ok {
		return q, false
	}
	q.Overhead = q.l3 - start
	if q.Kind, ok = kindOf(m, proto == lvs.ICMP, inner == header.ProtoIPIP); !ok {
		return q, false
	}
	if q.Kind == TooBig {
		q.MTU = m.MTU6()
		if proto == lvs.ICMP {
			q.MTU = m.MTU4()
		}
	}
	return q, q.client(b, inner)
}

// quoted returns how many bytes of m's payload the packet in it has: what says
// so is there if extensions follow (RFC 4884, section 4).
func quoted(m header.ICMP, proto lvs.Protocol) int {
	n := 0
	switch t := m.Type(); {
	case proto == lvs.ICMP && t != header.ICMPSourceQuench:
		n = int(m.Rest()>>16&0xff) * 4
	case proto == lvs.ICMPv6 && t != header.ICMPv6PacketTooBig:
		n = int(m.Rest()>>24) * 8
	}
	if all := len(m.Payload()); n == 0 || n > all {
		return all
	}
	return n
}

// outer reads the outer IP header in b, and returns the protocol of what is
// behind it.
func (q *TunnelQuote) outer(b []byte, proto lvs.Protocol) (next uint8, ok bool) {
	switch proto {
	case lvs.ICMP:
		h, ok := header.ParseQuotedIPv4(b[q.l3:])
		if !ok || h.FragmentOffset() != 0 {
			return 0, false
		}
		q.Destination = lvs.Addr4(h.Dst())
		q.l3 += h.HeaderLen()
		return h.Proto(), true
	case lvs.ICMPv6:
		h, ok := header.ParseQuotedIPv6(b[q.l3:])
		if !ok {
			return 0, false
		}
		t, ok := h.Transport()
		q.Destination = lvs.Addr16(h.Dst())
		q.l3 += t.Offset
		return t.Proto, ok && t.FragmentOffset == 0
	}
	return 0, false
}

// tunnel reads what is between the IP headers, which b begins with, and returns
// the inner one's protocol number.
func (q *TunnelQuote) tunnel(b []byte, proto uint8) (inner uint8, ok bool) {
	switch proto {
	case header.ProtoIPIP, header.ProtoIPv6:
		q.Type = lvs.TunnelIPIP
		return proto, true
	case header.ProtoGRE:
		return q.gre(b)
	case header.ProtoUDP:
		return q.gue(b)
	}
	return 0, false
}

func (q *TunnelQuote) gre(b []byte) (inner uint8, ok bool) {
	h, ok := header.ParseGRE(b)
	if !ok {
		return 0, false
	}
	q.Type = lvs.TunnelGRE
	q.l3 += h.HeaderLen()
	switch h.Type() {
	case header.TypeIPv4:
		return header.ProtoIPIP, true
	case header.TypeIPv6:
		return header.ProtoIPv6, true
	}
	return 0, false
}

func (q *TunnelQuote) gue(b []byte) (inner uint8, ok bool) {
	if len(b) < header.UDPSize { // ParseUDP would ask for the whole datagram
		return 0, false
	}
	h, ok := header.ParseGUE(b[header.UDPSize:])
	if !ok || h.IsControl() {
		return 0, false
	}
	q.Type, q.Port = lvs.TunnelGUE, header.Ports(b).Dst()
	q.l3 += header.UDPSize + h.HeaderLen()
	return h.Proto(), true
}

// client reads the client's packet.
func (q *TunnelQuote) client(b []byte, proto uint8) bool {
	switch proto {
	case header.ProtoIPIP:
		h, ok := header.ParseQuotedIPv4(b[q.l3:])
		q.end, q.DF = q.l3+len(h), ok && h.DontFragment()
		return ok && q.parse4(b[:q.end]) && q.ports(b[:q.end])
	case header.ProtoIPv6:
		h, ok := header.ParseQuotedIPv6(b[q.l3:])
		q.end, q.DF = q.l3+len(h), true
		return ok && q.parse6(b[:q.end]) && q.ports(b[:q.end])
	}
	return false
}
