package header

// TCPSize is the size of a TCP header without options.
const TCPSize = 20

// TCPChecksumOffset is where in the header the checksum field is.
const TCPChecksumOffset = 16

// TCPFlags are the flags of a TCP segment.
type TCPFlags uint8

// The flags that the director looks at.
const (
	FlagFIN TCPFlags = 1 << iota
	FlagSYN
	FlagRST
	FlagPSH
	FlagACK
	FlagURG
)

// TCP is a TCP header and whatever follows it, viewed in place (RFC 9293).
type TCP []byte

// ParseTCP views b as TCP. It reports false if b is too short to hold a header,
// or the header's own length is too short or does not fit b.
func ParseTCP(b []byte) (TCP, bool) {
	if len(b) < TCPSize {
		return nil, false
	}
	if n := TCP(b).DataOffset(); n < TCPSize || n > len(b) {
		return nil, false
	}
	return TCP(b), true
}

// SrcPort returns the source port.
func (h TCP) SrcPort() uint16 { return be16(h) }

// DstPort returns the destination port.
func (h TCP) DstPort() uint16 { return be16(h[2:]) }

// Seq returns the sequence number.
func (h TCP) Seq() uint32 { return be32(h[4:]) }

// Ack returns the acknowledgment number, which counts if FlagACK is set.
func (h TCP) Ack() uint32 { return be32(h[8:]) }

// DataOffset returns the length of the header with its options, in bytes.
func (h TCP) DataOffset() int { return int(h[12]>>4) * 4 }

// Flags returns the flags.
func (h TCP) Flags() TCPFlags { return TCPFlags(h[13]) }

// Window returns the window, not scaled.
func (h TCP) Window() uint16 { return be16(h[14:]) }

// Checksum returns the checksum field.
func (h TCP) Checksum() uint16 { return be16(h[16:]) }

// Options returns the options, with their padding.
func (h TCP) Options() []byte { return h[TCPSize:h.DataOffset()] }

// Payload returns what follows the header and its options.
func (h TCP) Payload() []byte { return h[h.DataOffset():] }

// SetSrcPort sets the source port. It leaves the checksum alone, as all setters
// below do.
func (h TCP) SetSrcPort(port uint16) { put16(h, port) }

// SetDstPort sets the destination port.
func (h TCP) SetDstPort(port uint16) { put16(h[2:], port) }

// SetSeq sets the sequence number.
func (h TCP) SetSeq(n uint32) { put32(h[4:], n) }

// SetAck sets the acknowledgment number.
func (h TCP) SetAck(n uint32) { put32(h[8:], n) }

// SetDataOffset sets the length of the header to n bytes, a multiple of 4.
func (h TCP) SetDataOffset(n int) { h[12] = uint8(n/4)<<4 | h[12]&0x0f }

// SetFlags sets the flags.
func (h TCP) SetFlags(f TCPFlags) { h[13] = uint8(f) }

// SetWindow sets the window.
func (h TCP) SetWindow(n uint16) { put16(h[14:], n) }

// SetChecksum sets the checksum field.
func (h TCP) SetChecksum(sum uint16) { put16(h[16:], sum) }
