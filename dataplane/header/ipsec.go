package header

// AHSize is the size of an authentication header without its check value.
const AHSize = 12

// AH is an authentication header and whatever follows it, viewed in place
// (RFC 4302). To the director it is a transport without ports, over both
// families: it vouches for what is behind it, which is not to be looked at.
type AH []byte

// ParseAH views b as AH. It reports false if b is too short to hold the header,
// or the header's own length is too short or does not fit b.
func ParseAH(b []byte) (AH, bool) {
	if len(b) < AHSize {
		return nil, false
	}
	if n := AH(b).HeaderLen(); n < AHSize || n > len(b) {
		return nil, false
	}
	return AH(b), true
}

// NextHeader returns the protocol of what follows the header.
func (h AH) NextHeader() uint8 { return h[0] }

// HeaderLen returns the length of the header with its check value, in bytes. On
// the wire it is counted in words, less two.
func (h AH) HeaderLen() int { return int(h[1])*4 + 8 }

// SPI returns the security parameters index.
func (h AH) SPI() uint32 { return be32(h[4:]) }

// Seq returns the sequence number.
func (h AH) Seq() uint32 { return be32(h[8:]) }

// SetNextHeader sets the protocol of what follows the header.
func (h AH) SetNextHeader(proto uint8) { h[0] = proto }

// SetHeaderLen sets the length of the header to n bytes, a multiple of 4.
func (h AH) SetHeaderLen(n int) { h[1] = uint8(n/4 - 2) }

// SetSPI sets the security parameters index.
func (h AH) SetSPI(spi uint32) { put32(h[4:], spi) }

// SetSeq sets the sequence number.
func (h AH) SetSeq(n uint32) { put32(h[8:], n) }

// ESPSize is the size of what an encapsulating security payload leaves readable.
const ESPSize = 8

// ESP is an encapsulating security payload, viewed in place (RFC 4303). All but
// its first two words is encrypted, the protocol of what it carries included.
type ESP []byte

// ParseESP views b as ESP. It reports false if b is too short for the two words.
func ParseESP(b []byte) (ESP, bool) {
	if len(b) < ESPSize {
		return nil, false
	}
	return ESP(b), true
}

// SPI returns the security parameters index.
func (h ESP) SPI() uint32 { return be32(h) }

// Seq returns the sequence number.
func (h ESP) Seq() uint32 { return be32(h[4:]) }

// SetSPI sets the security parameters index.
func (h ESP) SetSPI(spi uint32) { put32(h, spi) }

// SetSeq sets the sequence number.
func (h ESP) SetSeq(n uint32) { put32(h[4:], n) }
