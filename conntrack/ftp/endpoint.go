package ftp

import (
	"bytes"
	"net/netip"

	"xlvs/lvs"
)

// readNumbers reads h1,h2,h3,h4,p1,p2 at the front of b; they take n bytes. It
// reports false if that is malformed, or if it may go on in the next packet.
func readNumbers(b []byte) (e Endpoint, n int, ok bool) {
	var all uint64
	for i := range 6 {
		v, digits, ok := readNumber(b[n:], 255)
		if !ok {
			return Endpoint{}, 0, false
		}
		all = all<<8 | uint64(v)
		n += digits
		if comma := b[n] == ','; comma != (i < 5) {
			return Endpoint{}, 0, false
		}
		if i < 5 {
			n++
		}
	}
	e = Endpoint{lvs.Addr4(uint32(all >> 16)), uint16(all)}
	return e, n, e.Port != 0
}

// readDelimited reads <d>family<d>address<d>port<d> at the front of b (RFC 2428,
// 2), where the family must be the control connection's.
func readDelimited(b []byte, v6 bool) (e Endpoint, ok bool) {
	if len(b) < 3 || !isDelimiter(b[0]) || b[1] != family(v6) || b[2] != b[0] {
		return e, false
	}
	d := b[0]
	addr, rest, ok := bytes.Cut(b[3:], b[:1])
	if !ok {
		return e, false
	}
	if e.Addr, ok = readAddr(addr, v6); !ok {
		return e, false
	}
	e.Port, _, ok = readPort(rest, d)
	return e, ok
}

// maxAddr is the length of the longest address, IPv4 at the end of IPv6.
const maxAddr = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// readAddr reads b as an address of the family. One with a zone means something
// on the client alone, and an IPv4-mapped one is of the other family.
func readAddr(b []byte, v6 bool) (lvs.Addr, bool) {
	if len(b) > maxAddr {
		return lvs.Addr{}, false
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil || a.Is4() == v6 || a.Is4In6() || a.Zone() != "" {
		return lvs.Addr{}, false
	}
	return lvs.AddrFrom(a), true
}

// readPort reads a port and the delimiter behind it, together n bytes.
func readPort(b []byte, delimiter byte) (port uint16, n int, ok bool) {
	v, n, ok := readNumber(b, 0xffff)
	if !ok || v == 0 || b[n] != delimiter {
		return 0, 0, false
	}
	return uint16(v), n + 1, true
}

// readNumber reads the n digits at the front of b. It reports false if there are
// none, if they exceed limit, or if no byte follows that ends them.
func readNumber(b []byte, limit int) (v, n int, ok bool) {
	for n < len(b) && isDigit(b[n]) {
		v = v*10 + int(b[n]-'0')
		if v > limit {
			return 0, 0, false
		}
		n++
	}
	return v, n, n > 0 && n < len(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isDelimiter reports whether c may stand between the parts of an EPRT or a 229.
func isDelimiter(c byte) bool { return 33 <= c && c <= 126 }
