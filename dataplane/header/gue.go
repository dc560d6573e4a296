package header

// The size of a GUE header without options, and what remote checksum offload
// adds to it.
const (
	GUESize        = 4
	GUERemcsumSize = 8
)

// The bits of a GUE header, as Linux has them (net/gue.h).
const (
	gueControl = 0x20       // of the first byte: a control message, not a packet
	gueLength  = 0x1f       // of the first byte: words of options
	guePrivate = 0x0001     // of the flags: a word of private flags follows
	gueRemcsum = 0x80000000 // of those: start and place of an unfinished checksum follow
)

// guePrivateSize is the size of the private flags.
const guePrivateSize = 4

// GUE is a generic UDP encapsulation header and the packet that follows it,
// viewed in place (draft-ietf-intarea-gue, version 0).
type GUE []byte

// ParseGUE views b as GUE. It reports false if b is of another version, too
// short for the header with its options, or if there are flags whose options
// are not known, or do not fit the header.
func ParseGUE(b []byte) (GUE, bool) {
	if len(b) < GUESize || b[0]>>6 != 0 {
		return nil, false
	}
	h := GUE(b)
	if h.HeaderLen() > len(h) || !h.optionsOK() {
		return nil, false
	}
	return h, true
}

// optionsOK reports whether the options that the flags announce are known, and
// fit the header. There may be more room than they need.
func (h GUE) optionsOK() bool {
	room := h.HeaderLen() - GUESize
	switch be16(h[2:]) {
	case 0:
		return true
	case guePrivate:
		if room < guePrivateSize {
			return false
		}
		private := be32(h[GUESize:])
		return private == 0 || private == gueRemcsum && room >= GUERemcsumSize
	}
	return false
}

// IsControl reports whether this is a control message: what Proto returns is its
// type then, and what follows is no packet.
func (h GUE) IsControl() bool { return h[0]&gueControl != 0 }

// HeaderLen returns the length of the header with its options, in bytes.
func (h GUE) HeaderLen() int { return GUESize + int(h[0]&gueLength)*4 }

// Proto returns the protocol of the packet that follows.
func (h GUE) Proto() uint8 { return h[1] }

// Remcsum returns what the receiver has to do for the sender, if ok: to sum the
// packet from start to its end, and to put the checksum in its place at field.
// Both are offsets in the packet that follows, which nobody has checked.
func (h GUE) Remcsum() (start, field uint16, ok bool) {
	if be16(h[2:]) != guePrivate || be32(h[GUESize:]) != gueRemcsum {
		return 0, 0, false
	}
	return be16(h[8:]), be16(h[10:]), true
}

// Payload returns what follows the header and its options.
func (h GUE) Payload() []byte { return h[h.HeaderLen():] }

// SetProto has the header be one without options, for a packet of proto.
func (h GUE) SetProto(proto uint8) { put32(h, uint32(proto)<<16) }

// SetRemcsum gives a header without options that of remote checksum offload, as
// Remcsum returns it. The header must have room for it.
func (h GUE) SetRemcsum(start, field uint16) {
	h[0] = GUERemcsumSize / 4
	put16(h[2:], guePrivate)
	put32(h[4:], gueRemcsum)
	put16(h[8:], start)
	put16(h[10:], field)
}
