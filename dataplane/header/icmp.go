package header

// ICMPSize is the size of an ICMP header with the four bytes whose meaning
// depends on the type.
const ICMPSize = 8

// ICMPChecksumOffset is where in the header the checksum field is.
const ICMPChecksumOffset = 2

// The ICMP types that the director makes or reads (RFC 792).
const (
	ICMPEchoReply        uint8 = 0
	ICMPDstUnreachable   uint8 = 3
	ICMPSourceQuench     uint8 = 4
	ICMPEcho             uint8 = 8
	ICMPTimeExceeded     uint8 = 11
	ICMPParameterProblem uint8 = 12
)

// The codes of ICMPDstUnreachable.
const (
	ICMPHostUnreachable uint8 = 1
	ICMPPortUnreachable uint8 = 3
	ICMPFragNeeded      uint8 = 4
)

// The ICMPv6 types that the director makes or reads (RFC 4443, RFC 4861).
const (
	ICMPv6DstUnreachable        uint8 = 1
	ICMPv6PacketTooBig          uint8 = 2
	ICMPv6TimeExceeded          uint8 = 3
	ICMPv6ParameterProblem      uint8 = 4
	ICMPv6EchoRequest           uint8 = 128
	ICMPv6EchoReply             uint8 = 129
	ICMPv6NeighborSolicitation  uint8 = 135
	ICMPv6NeighborAdvertisement uint8 = 136
)

// The codes of ICMPv6DstUnreachable.
const (
	ICMPv6AddressUnreachable uint8 = 3
	ICMPv6PortUnreachable    uint8 = 4
)

// ICMP is an ICMP or ICMPv6 header and whatever follows it, viewed in place.
// The two share their shape, but not their types, nor what the checksum covers:
// that of ICMPv6 includes a pseudo header.
type ICMP []byte

// ParseICMP views b as ICMP. It reports false if b is too short for a header.
func ParseICMP(b []byte) (ICMP, bool) {
	if len(b) < ICMPSize {
		return nil, false
	}
	return ICMP(b), true
}

// Type returns the type.
func (h ICMP) Type() uint8 { return h[0] }

// Code returns the code.
func (h ICMP) Code() uint8 { return h[1] }

// Checksum returns the checksum field.
func (h ICMP) Checksum() uint16 { return be16(h[2:]) }

// Rest returns the four bytes whose meaning depends on the type: identifier and
// sequence number of an echo, nothing or an MTU in an error.
func (h ICMP) Rest() uint32 { return be32(h[4:]) }

// MTU4 returns the next hop's MTU in an ICMPFragNeeded (RFC 1191), 0 if the
// router does not say.
func (h ICMP) MTU4() int { return int(be16(h[6:])) }

// MTU6 returns the next hop's MTU in an ICMPv6PacketTooBig.
func (h ICMP) MTU6() int { return int(h.Rest()) }

// Payload returns what follows the header: in an error, the packet it is about.
func (h ICMP) Payload() []byte { return h[ICMPSize:] }

// SetType sets the type. It leaves the checksum alone, as all setters below do.
func (h ICMP) SetType(t uint8) { h[0] = t }

// SetCode sets the code.
func (h ICMP) SetCode(code uint8) { h[1] = code }

// SetChecksum sets the checksum field.
func (h ICMP) SetChecksum(sum uint16) { put16(h[2:], sum) }

// SetRest sets the four bytes whose meaning depends on the type.
func (h ICMP) SetRest(v uint32) { put32(h[4:], v) }

// SetMTU4 sets the next hop's MTU in an ICMPFragNeeded.
func (h ICMP) SetMTU4(n int) { h.SetRest(uint32(uint16(n))) }

// SetMTU6 sets the next hop's MTU in an ICMPv6PacketTooBig.
func (h ICMP) SetMTU6(n int) { h.SetRest(uint32(n)) }
