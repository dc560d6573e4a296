package header

// The IPv6 extension headers that Transport walks (RFC 8200). The authentication
// header is not one of them: what it vouches for is no packet of a service's, as
// over IPv4, where it is a protocol like any other.
const (
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extDestOptions = 60
)

// extensions has the bit of each of them set.
const extensions uint64 = 1<<extHopByHop | 1<<extRouting | 1<<extFragment | 1<<extDestOptions

// maxExtensions bounds the walk. RFC 8200, section 4.1, has seven in a sensible
// packet; a longer chain only costs the director time.
const maxExtensions = 8

// A Transport is what follows the extension headers of an IPv6 packet.
type Transport struct {
	Proto          uint8  // protocol of what follows, ProtoNone if nothing does
	Offset         int    // where it begins, from the start of the IPv6 header
	Fragment       bool   // the packet has a fragment header; the rest is zero if not
	FragmentOffset int    // where the data belongs in the whole, in bytes
	MoreFragments  bool   // other fragments follow this one
	FragmentID     uint32 // identification that a packet's fragments share
	SegmentsLeft   uint8  // stations that a routing header has yet to come by
}

// Transport walks the extension headers to what they precede. It reports false
// if they are truncated, too many, or more than one is a fragment header.
//
// Of a fragment that is not the first, Proto is what the fragment header says
// of the whole, and Offset where this fragment's data begins.
func (h IPv6) Transport() (t Transport, ok bool) {
	t.Proto, t.Offset = h[6], IPv6Size
	ok = !isExtension(t.Proto) || h.walk(&t)
	return t, ok
}

// isExtension reports whether proto is one of extensions. A shift by 64 or more
// gives zero: protocols from 64 on are none.
func isExtension(proto uint8) bool { return extensions>>proto&1 != 0 }

// walk is Transport for a packet that has extension headers, of which t has
// come to the first.
func (h IPv6) walk(t *Transport) bool {
	for range maxExtensions {
		ext, ok := h.extension(t)
		if !ok || t.Fragment && t.Proto == extFragment {
			return false
		}
		switch t.Proto {
		case extFragment:
			t.setFragment(ext)
		case extRouting:
			t.SegmentsLeft = max(t.SegmentsLeft, ext[3])
		}
		t.Proto, t.Offset = ext[0], t.Offset+len(ext)
		if t.FragmentOffset > 0 || !isExtension(t.Proto) {
			return true
		}
	}
	return false
}

// extension returns the extension header that t has come to.
func (h IPv6) extension(t *Transport) ([]byte, bool) {
	b := h[t.Offset:]
	if len(b) < 8 {
		return nil, false
	}
	n := int(b[1])*8 + 8
	if t.Proto == extFragment {
		n = 8 // its second byte is reserved
	}
	if n > len(b) {
		return nil, false
	}
	return b[:n], true
}

// setFragment takes over what a fragment header says (RFC 8200, section 4.5).
func (t *Transport) setFragment(ext []byte) {
	word := be16(ext[2:])
	t.Fragment = true
	t.FragmentOffset = int(word &^ 7) // counted in units of 8 bytes, above 3 bits
	t.MoreFragments = word&1 != 0
	t.FragmentID = be32(ext[4:])
}

// FragmentSize is the size of a fragment header.
const FragmentSize = 8

// PutFragment makes the first bytes of b a fragment header in front of a piece of
// a packet of protocol next: its offset in bytes, a multiple of 8, whether more
// follow, and the identification that they share.
func PutFragment(b []byte, next uint8, offset int, more bool, id uint32) {
	word := uint16(offset)
	if more {
		word |= 1
	}
	b[0], b[1] = next, 0
	put16(b[2:], word)
	put32(b[4:], id)
}
