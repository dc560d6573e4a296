package icmp

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// Answerable reports whether an error about p may be sent at all: never about
// another error, about a fragment that is not the first, or from or to an
// address that is no single host's (RFC 1122, 3.2.2; RFC 4443, 2.4). proto is
// p's transport protocol; p has been parsed.
func Answerable(p *packet.Packet, proto lvs.Protocol) bool {
	b := p.Bytes()
	if p.L4 == 0 || header.Ethernet(b).Dst().IsMulticast() {
		return false
	}
	ip, transport := b[p.L3:], b[p.L4:]
	if ip[0]>>4 == 4 {
		h := header.IPv4(ip)
		return isHost4(h.Src()) && isHost4(h.Dst()) && (proto != lvs.ICMP || isQuery4(transport))
	}
	h := header.IPv6(ip)
	return isHost6(h.Src()) && isHost6(h.Dst()) && (proto != lvs.ICMPv6 || isQuery6(transport))
}

// isHost4 reports whether a may be a single host's address that others reach.
func isHost4(a uint32) bool { return a>>28 < 14 && a>>24 != 0 && a>>24 != 127 }

// isHost6 is isHost4 for the 16 bytes of an IPv6 address.
func isHost6(b []byte) bool {
	a := lvs.Addr16(b)
	return a.Hi>>56 != 0xff && (a.Hi != 0 || a.Lo > 1)
}

// isQuery4 reports whether the ICMP message b is a query or the reply to one
// (RFC 1122, 3.2.2): echo, or 13 to 18, timestamp to address mask. All else may
// be an error, known or not, as the kernel's icmp_send sees it.
func isQuery4(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	t := b[0]
	return t == header.ICMPEcho || t == header.ICMPEchoReply || t >= 13 && t <= 18
}

// redirect6 is no error by its number, but may not be answered either (RFC 4443,
// 2.4 (e.2)).
const redirect6 = 137

// isQuery6 is isQuery4 for ICMPv6.
func isQuery6(b []byte) bool { return len(b) > 0 && !isError6(b[0]) && b[0] != redirect6 }
