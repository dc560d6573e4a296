package lvs

import (
	"encoding/binary"
	"net/netip"
)

// v4Prefix is the word above an IPv4-mapped address's last 32 bits: ::ffff:0:0/96.
const v4Prefix = 0xffff << 32

// An Addr is an IPv4 or IPv6 address as two big-endian words, IPv4 in its
// IPv4-mapped form. It has no pointer, is comparable and cheap to hash: what
// the packet path uses in the place of netip.Addr.
type Addr struct{ Hi, Lo uint64 }

// Addr4 returns the IPv4 address that b spells, most significant byte first.
func Addr4(b uint32) Addr { return Addr{Lo: v4Prefix | uint64(b)} }

// Addr16 returns the IPv6 address at the front of b, which holds 16 bytes.
func Addr16(b []byte) Addr {
	_ = b[15]
	return Addr{Hi: binary.BigEndian.Uint64(b), Lo: binary.BigEndian.Uint64(b[8:])}
}

// AddrFrom converts a; its zone is dropped.
func AddrFrom(a netip.Addr) Addr {
	b := a.As16()
	return Addr16(b[:])
}

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool { return a.Hi == 0 && a.Lo>>32 == 0xffff }

// V4 returns the IPv4 address as a number, most significant byte first. It is
// the last 32 bits, whatever a is.
func (a Addr) V4() uint32 { return uint32(a.Lo) }

// IsZero reports whether a is the zero Addr, which is no packet's address.
func (a Addr) IsZero() bool { return a == Addr{} }

// As16 returns the 16 bytes of the address, IPv4 mapped into IPv6.
func (a Addr) As16() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:], a.Hi)
	binary.BigEndian.PutUint64(b[8:], a.Lo)
	return b
}

// Netip returns a as a netip.Addr, IPv4 unmapped.
func (a Addr) Netip() netip.Addr { return netip.AddrFrom16(a.As16()).Unmap() }

// String returns the address as netip prints it.
func (a Addr) String() string { return a.Netip().String() }
