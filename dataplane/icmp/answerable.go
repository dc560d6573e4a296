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

// ICMP types that nobody else here needs: errors that do not quote a packet of a
// connection's that came to grief, and the last type that is known to be a query
// (RFC 950; the kernel's NR_ICMP_TYPES).
const (
	redirect4    = 5
	badParameter = 12
	lastQuery4   = 18
	redirect6    = 137
)

// isQuery4 reports whether the ICMP message b is no error. What cannot be told
// is taken for one, as the kernel's icmp_send does.
func isQuery4(b []byte) bool {
	return len(b) > 0 && !isError4(b[0]) && b[0] != redirect4 && b[0] != badParameter && b[0] <= lastQuery4
}

// isQuery6 is isQuery4 for ICMPv6.
func isQuery6(b []byte) bool { return len(b) > 0 && !isError6(b[0]) && b[0] != redirect6 }
