package header

// UDPSize is the size of a UDP header.
const UDPSize = 8

// UDPChecksumOffset is where in the header the checksum field is.
const UDPChecksumOffset = 6

// UDP is a UDP header and whatever follows it, viewed in place (RFC 768).
type UDP []byte

// ParseUDP views b as UDP. It reports false if b is too short to hold a header
// or disagrees with its own length field.
func ParseUDP(b []byte) (UDP, bool) {
	if len(b) < UDPSize {
		return nil, false
	}
	n := UDP(b).Length()
	if n < UDPSize || n > len(b) {
		return nil, false
	}
	return UDP(b[:n]), true
}

// SrcPort returns the source port.
func (h UDP) SrcPort() uint16 { return be16(h) }

// DstPort returns the destination port.
func (h UDP) DstPort() uint16 { return be16(h[2:]) }

// Length returns the length of header and payload in bytes, by its own account.
func (h UDP) Length() int { return int(be16(h[4:])) }

// Checksum returns the checksum field. Zero means that over IPv4 the sender did
// not compute one.
func (h UDP) Checksum() uint16 { return be16(h[6:]) }

// Payload returns what follows the header.
func (h UDP) Payload() []byte { return h[UDPSize:] }

// SetSrcPort sets the source port and leaves the checksum alone.
func (h UDP) SetSrcPort(port uint16) { put16(h, port) }

// SetDstPort sets the destination port and leaves the checksum alone.
func (h UDP) SetDstPort(port uint16) { put16(h[2:], port) }

// SetLength sets the length field and leaves the checksum alone.
func (h UDP) SetLength(n int) { put16(h[4:], uint16(n)) }

// SetChecksum sets the checksum field as it is given: the caller sends a sum of
// zero as 0xffff, and zero for no checksum.
func (h UDP) SetChecksum(sum uint16) { put16(h[6:], sum) }
