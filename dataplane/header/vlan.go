package header

// VLANSize is the size of one tag.
const VLANSize = 4

// maxTags is how many tags Network walks: a service tag and a customer tag.
const maxTags = 2

// Network returns the EtherType of the network header in frame and its offset,
// past at most two 802.1Q or 802.1ad tags. It reports false if frame ends
// before that or has more tags.
func Network(frame []byte) (etherType uint16, offset int, ok bool) {
	if len(frame) < EthernetSize {
		return 0, 0, false
	}
	etherType, offset = be16(frame[12:]), EthernetSize
	for range maxTags {
		if !isTag(etherType) {
			return etherType, offset, true
		}
		tag, ok := ParseVLAN(frame[offset:])
		if !ok {
			return 0, 0, false
		}
		etherType, offset = tag.Type(), offset+VLANSize
	}
	return etherType, offset, !isTag(etherType)
}

// isTag reports whether an EtherType says that a tag follows.
func isTag(etherType uint16) bool { return etherType == TypeVLAN || etherType == TypeQinQ }

// VLAN is an 802.1Q or 802.1ad tag and whatever follows it, viewed in place. It
// begins after the EtherType that announces it, and ends with the next one.
type VLAN []byte

// ParseVLAN views b as a tag. It reports false if b is too short to hold one.
func ParseVLAN(b []byte) (VLAN, bool) {
	if len(b) < VLANSize {
		return nil, false
	}
	return VLAN(b), true
}

// TCI returns the tag control information: priority, drop eligibility and ID.
func (h VLAN) TCI() uint16 { return be16(h) }

// SetTCI sets the tag control information.
func (h VLAN) SetTCI(tci uint16) { put16(h, tci) }

// ID returns the VLAN's number, 0 for a tag that only carries a priority.
func (h VLAN) ID() uint16 { return h.TCI() & 0x0fff }

// Priority returns the priority code point, 0 to 7.
func (h VLAN) Priority() uint8 { return h[0] >> 5 }

// Type returns the EtherType of what follows the tag.
func (h VLAN) Type() uint16 { return be16(h[2:]) }

// SetType sets the EtherType of what follows the tag.
func (h VLAN) SetType(t uint16) { put16(h[2:], t) }

// Payload returns what follows the tag.
func (h VLAN) Payload() []byte { return h[VLANSize:] }
