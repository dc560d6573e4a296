package checksum

import "encoding/binary"

// Pseudo4 returns the sum of the pseudo header that TCP and UDP checksums cover
// over IPv4 (RFC 9293, section 3.1). The length is that of the transport header
// and its payload. Pass the result to Add.
func Pseudo4(src, dst uint32, proto uint8, length int) uint64 {
	return uint64(src) + uint64(dst) + uint64(proto) + uint64(length)
}

// Pseudo6 returns the sum of the pseudo header that TCP, UDP and ICMPv6
// checksums cover over IPv6 (RFC 8200, section 8.1). Addresses are 16 bytes.
// Pass the result to Add.
func Pseudo6(src, dst []byte, proto uint8, length int) uint64 {
	return sum16(src) + sum16(dst) + uint64(proto) + uint64(length)
}

// sum16 returns the sum of 16 bytes.
func sum16(b []byte) uint64 {
	return halves(binary.BigEndian.Uint64(b)) + halves(binary.BigEndian.Uint64(b[8:]))
}
