package header

import "xlvs/dataplane/checksum"

// The size of a GRE header without a checksum, and with one.
const (
	GRESize         = 4
	GREChecksumSize = 8
)

// greChecksum is the flag that says that a checksum is there.
const greChecksum uint16 = 0x8000

// GRE is a GRE header and the packet that follows it, viewed in place
// (RFC 2784).
type GRE []byte

// ParseGRE views b as GRE. It reports false if b is too short for the header,
// or if that has a flag other than the checksum's: keys, sequence numbers and
// source routes are no tunnel's of a director.
func ParseGRE(b []byte) (GRE, bool) {
	if len(b) < GRESize || be16(b)&^greChecksum != 0 {
		return nil, false
	}
	h := GRE(b)
	if h.HeaderLen() > len(h) {
		return nil, false
	}
	return h, true
}

// HeaderLen returns the length of the header: GRESize, or GREChecksumSize if it
// has a checksum.
func (h GRE) HeaderLen() int {
	if h[0] == 0 {
		return GRESize
	}
	return GREChecksumSize
}

// Type returns the EtherType of the packet that follows.
func (h GRE) Type() uint16 { return be16(h[2:]) }

// Checksum returns the checksum field of a header that has one.
func (h GRE) Checksum() uint16 { return be16(h[4:]) }

// Payload returns the packet that follows the header.
func (h GRE) Payload() []byte { return h[h.HeaderLen():] }

// SetHeaderLen has the header have a checksum, whose field it does not set, if n
// is GREChecksumSize, and none if it is GRESize.
func (h GRE) SetHeaderLen(n int) {
	put16(h, 0)
	if n == GREChecksumSize {
		put16(h, greChecksum)
		put16(h[6:], 0) // reserved
	}
}

// SetType sets the EtherType and leaves the checksum alone.
func (h GRE) SetType(t uint16) { put16(h[2:], t) }

// SetChecksum sets the checksum field of a header that has one.
func (h GRE) SetChecksum(sum uint16) { put16(h[4:], sum) }

// ComputeChecksum returns what the checksum field should be, whatever it is.
func (h GRE) ComputeChecksum() uint16 {
	return ^checksum.Fold(checksum.Add(checksum.Add(0, h[:4]), h[6:]))
}

// ChecksumOK reports whether the checksum is right, or there is none.
func (h GRE) ChecksumOK() bool { return h[0] == 0 || checksum.Sum(h) == 0 }
