package header

// IPv6Size is the size of an IPv6 header without extension headers.
const IPv6Size = 40

// IPv6 is an IPv6 packet, viewed in place (RFC 8200).
type IPv6 []byte

// ParseIPv6 views b as IPv6, cut to its payload length: what follows is
// Ethernet padding. It reports false if b is not version 6, too short to hold a
// header, or the packet does not fit b. Extension headers are not looked at.
func ParseIPv6(b []byte) (IPv6, bool) {
	if len(b) < IPv6Size || b[0]>>4 != 6 {
		return nil, false
	}
	n := IPv6Size + IPv6(b).PayloadLen()
	if n > len(b) {
		return nil, false
	}
	return IPv6(b[:n]), true
}

// ParseQuotedIPv6 is ParseIPv6 for a packet whose end may be missing, as in an
// ICMPv6 error: only the header must be complete. The view holds what is there.
func ParseQuotedIPv6(b []byte) (IPv6, bool) {
	if len(b) < IPv6Size || b[0]>>4 != 6 {
		return nil, false
	}
	return IPv6(b[:min(IPv6Size+IPv6(b).PayloadLen(), len(b))]), true
}

// TrafficClass returns the traffic class: DSCP and ECN (RFC 2474, RFC 3168).
func (h IPv6) TrafficClass() uint8 { return uint8(be16(h) >> 4) }

// FlowLabel returns the flow label, 20 bits.
func (h IPv6) FlowLabel() uint32 { return be32(h) & 0xfffff }

// PayloadLen returns the length of what follows the header, extension headers
// included, in bytes and by the packet's own account.
func (h IPv6) PayloadLen() int { return int(be16(h[4:])) }

// NextHeader returns the protocol of what follows the header. What Transport
// returns is the protocol behind extension headers.
func (h IPv6) NextHeader() uint8 { return h[6] }

// HopLimit returns the hop limit.
func (h IPv6) HopLimit() uint8 { return h[7] }

// Src returns the 16 bytes of the source address, in place.
func (h IPv6) Src() []byte { return h[8:24] }

// Dst returns the 16 bytes of the destination address, in place.
func (h IPv6) Dst() []byte { return h[24:40] }

// Payload returns what follows the header, extension headers included.
func (h IPv6) Payload() []byte { return h[IPv6Size:] }

// SetFlow sets the version to 6, the traffic class and the flow label, of which
// the low 20 bits count.
func (h IPv6) SetFlow(class uint8, label uint32) {
	put32(h, 6<<28|uint32(class)<<20|label&0xfffff)
}

// SetPayloadLen sets the length of what follows the header.
func (h IPv6) SetPayloadLen(n int) { put16(h[4:], uint16(n)) }

// SetNextHeader sets the protocol of what follows the header.
func (h IPv6) SetNextHeader(proto uint8) { h[6] = proto }

// SetHopLimit sets the hop limit.
func (h IPv6) SetHopLimit(n uint8) { h[7] = n }

// SetSrc sets the source address to the 16 bytes of a. Like SetDst it leaves
// alone the transport checksum, which covers addresses.
func (h IPv6) SetSrc(a []byte) { copy(h[8:24], a) }

// SetDst sets the destination address to the 16 bytes of a.
func (h IPv6) SetDst(a []byte) { copy(h[24:40], a) }
