package rawsock

import (
	"encoding/binary"
	"net/netip"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

const (
	protoTCP = 6
	protoUDP = 17
)

// from4 and the others are who the frames of transport are from and to.
var (
	from4, to4 = netip.MustParseAddr("198.51.100.7").AsSlice(), netip.MustParseAddr("192.0.2.1").AsSlice()
	from6, to6 = netip.MustParseAddr("2001:db8::7").AsSlice(), netip.MustParseAddr("2001:db8::1").AsSlice()
)

// transport returns a frame whose checksum is unfinished, and where that is: as
// a local sender leaves it. TCP carries CWR.
func transport(ipv6 bool, proto byte, port uint16, payload []byte) ([]byte, packet.Partial) {
	l4 := make([]byte, 8)
	field := uint16(6)
	if proto == protoTCP {
		l4, field = make([]byte, 32), 16
		l4[12], l4[13], l4[20], l4[21] = 8<<4, 0x90, 1, 1 // 12 bytes of options: CWR, ACK
	} else {
		binary.BigEndian.PutUint16(l4[4:], uint16(8+len(payload)))
	}
	binary.BigEndian.PutUint16(l4, port)
	binary.BigEndian.PutUint16(l4[2:], 53)
	l4 = append(l4, payload...)
	b := append([]byte{0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2}, network(ipv6, proto, len(l4))...)
	sum := packet.Partial{Start: uint16(len(b)), Field: uint16(len(b)) + field}
	b = append(b, l4...)
	binary.BigEndian.PutUint16(b[sum.Field:], ^checksum.Sum(pseudo(ipv6, proto, len(l4))))
	return b, sum
}

// network returns an EtherType and an IP header for n bytes of proto.
func network(ipv6 bool, proto byte, n int) []byte {
	if ipv6 {
		ip := []byte{0x86, 0xdd, 0x60, 0, 0, 0, byte(n >> 8), byte(n), proto, 64}
		return append(append(ip, from6...), to6...)
	}
	n += 20
	ip := append(append([]byte{0x45, 0, byte(n >> 8), byte(n), 0, 1, 0x40, 0, 64, proto, 0, 0}, from4...), to4...)
	binary.BigEndian.PutUint16(ip[10:], checksum.Sum(ip))
	return append([]byte{0x08, 0x00}, ip...)
}

// pseudo returns the pseudo-header of a frame by transport, in an order that
// sums up to the same.
func pseudo(ipv6 bool, proto byte, n int) []byte {
	b := []byte{0, proto, byte(n >> 8), byte(n)}
	if ipv6 {
		return append(append(b, from6...), to6...)
	}
	return append(append(b, from4...), to4...)
}

// verifies reports whether the checksum of a frame by transport is right, cut
// into segments or not.
func verifies(frame []byte, ipv6 bool, proto byte, sum packet.Partial) bool {
	l4 := frame[sum.Start:]
	return checksum.Sum(append(pseudo(ipv6, proto, len(l4)), l4...)) == 0
}
