// Package header views protocol headers in place.
//
// Each type is a named []byte. A Parse function checks every length once; the
// methods that follow trust it, read or write the wire bytes directly, and
// inline. Nothing here allocates, keeps state, or knows about a load balancer.
package header

import "encoding/binary"

// The protocol numbers that the director meets in IPv4's protocol and IPv6's
// next header fields.
const (
	ProtoICMP     uint8 = 1
	ProtoIPIP     uint8 = 4
	ProtoTCP      uint8 = 6
	ProtoUDP      uint8 = 17
	ProtoIPv6     uint8 = 41
	ProtoFragment uint8 = extFragment // IPv6: a piece of a packet follows
	ProtoGRE      uint8 = 47
	ProtoESP      uint8 = 50
	ProtoAH       uint8 = 51
	ProtoICMPv6   uint8 = 58
	ProtoNone     uint8 = 59 // IPv6: nothing follows
	ProtoSCTP     uint8 = 132
)

// be16 reads the first two bytes of b.
func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

// be32 reads the first four bytes of b.
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// put16 writes v to the first two bytes of b.
func put16(b []byte, v uint16) { binary.BigEndian.PutUint16(b, v) }

// put32 writes v to the first four bytes of b.
func put32(b []byte, v uint32) { binary.BigEndian.PutUint32(b, v) }
