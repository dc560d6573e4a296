package steer

import (
	"encoding/binary"

	"xlvs/lvs"
)

// keySize is the size of a key of the map of endpoints: address, port in network
// byte order, protocol, and a byte that stays zero.
const keySize = 20

// key returns e, which has no HostBits, as the map of endpoints spells it.
func (e Endpoint) key() (k [keySize]byte) {
	addr := e.Addr.As16()
	copy(k[:], addr[:])
	binary.BigEndian.PutUint16(k[16:], e.Port)
	k[18] = byte(e.Proto)
	return k
}

// A value of the map of endpoints is the flags, which are all of a value of the
// map of networks, and the first and the last port of a pool.
const (
	valueSize  = 8
	valueFirst = 4
	valueLast  = 6
)

// value returns r as the map of endpoints spells it.
func (r Rule) value() (v [valueSize]byte) {
	binary.NativeEndian.PutUint32(v[:], uint32(r.Flags))
	binary.NativeEndian.PutUint16(v[valueFirst:], r.First)
	binary.NativeEndian.PutUint16(v[valueLast:], r.Last)
	return v
}

// A key of the map of networks (BPF_MAP_TYPE_LPM_TRIE) is a number of bits, in
// the machine's byte order, and that many bits that count: two bytes that stay
// zero, IP version, protocol, address. The version is there for ::/0, which has
// no IPv4 address in it, though IPv4 addresses are spelled as IPv6 ones.
const (
	networkKeySize  = 24
	networkBits     = 8 * (networkKeySize - 4) // the most that a key has
	networkKeyAddr  = 8
	networkVersion4 = 4
	networkVersion6 = 6
)

// networkKey returns e, which has HostBits, as the map of networks spells it.
func (e Endpoint) networkKey() (k [networkKeySize]byte) {
	binary.NativeEndian.PutUint32(k[:], networkBits-uint32(e.HostBits))
	k[6], k[7] = networkVersion6, byte(e.Proto)
	if e.Addr.Is4() {
		k[6] = networkVersion4
	}
	addr := e.Addr.As16()
	copy(k[networkKeyAddr:], addr[:])
	return k
}

// network returns the endpoint of every port of a's network with that many host
// bits, which are no more than a has.
func network(a lvs.Addr, proto lvs.Protocol, hostBits int) Endpoint {
	low, high := min(hostBits, 64), max(hostBits-64, 0)
	a.Lo = a.Lo >> low << low // a shift by 64 leaves zero
	a.Hi = a.Hi >> high << high
	return Endpoint{Addr: a, Proto: proto, HostBits: uint8(hostBits)}
}
