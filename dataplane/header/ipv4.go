package header

import "xlvs/dataplane/checksum"

// IPv4Size is the size of an IPv4 header without options.
const IPv4Size = 20

// The flags of IPv4, as SetFragment takes them.
const (
	IPv4MoreFragments uint16 = 0x2000
	IPv4DontFragment  uint16 = 0x4000
)

// IPv4 is an IPv4 packet, viewed in place (RFC 791).
type IPv4 []byte

// ParseIPv4 views b as IPv4, cut to its total length: what follows is Ethernet
// padding. It reports false if b is not version 4, if the header does not fit
// the packet, or the packet does not fit b. The checksum is not looked at.
func ParseIPv4(b []byte) (IPv4, bool) {
	h, ok := ParseQuotedIPv4(b)
	if !ok || h.TotalLen() > len(b) {
		return nil, false
	}
	return h, true
}

// ParseQuotedIPv4 is ParseIPv4 for a packet whose end may be missing, as in an
// ICMP error: only the header must be complete. The view holds what is there.
func ParseQuotedIPv4(b []byte) (IPv4, bool) {
	if len(b) < IPv4Size || b[0]>>4 != 4 {
		return nil, false
	}
	h := IPv4(b)
	header, total := h.HeaderLen(), h.TotalLen()
	if header < IPv4Size || header > total || header > len(b) {
		return nil, false
	}
	return h[:min(total, len(b))], true
}

// HeaderLen returns the length of the header with its options, in bytes.
func (h IPv4) HeaderLen() int { return int(h[0]&0x0f) * 4 }

// TOS returns the type of service byte: DSCP and ECN (RFC 2474, RFC 3168).
func (h IPv4) TOS() uint8 { return h[1] }

// TotalLen returns the length of the packet in bytes, by its own account.
func (h IPv4) TotalLen() int { return int(be16(h[2:])) }

// ID returns the identification that a packet's fragments share.
func (h IPv4) ID() uint16 { return be16(h[4:]) }

// DontFragment reports whether routers must not fragment the packet.
func (h IPv4) DontFragment() bool { return be16(h[6:])&IPv4DontFragment != 0 }

// MoreFragments reports whether other fragments follow this one.
func (h IPv4) MoreFragments() bool { return be16(h[6:])&IPv4MoreFragments != 0 }

// FragmentOffset returns where the payload belongs in the whole, in bytes.
func (h IPv4) FragmentOffset() int { return int(be16(h[6:])&0x1fff) * 8 }

// IsFragment reports whether the packet is a fragment: first, middle or last.
func (h IPv4) IsFragment() bool { return be16(h[6:])&(IPv4MoreFragments|0x1fff) != 0 }

// TTL returns the time to live.
func (h IPv4) TTL() uint8 { return h[8] }

// Proto returns the protocol of the payload.
func (h IPv4) Proto() uint8 { return h[9] }

// Checksum returns the header checksum field.
func (h IPv4) Checksum() uint16 { return be16(h[10:]) }

// Src returns the source address, most significant byte first.
func (h IPv4) Src() uint32 { return be32(h[12:]) }

// Dst returns the destination address, most significant byte first.
func (h IPv4) Dst() uint32 { return be32(h[16:]) }

// Payload returns what follows the header and its options.
func (h IPv4) Payload() []byte { return h[h.HeaderLen():] }

// SetHeaderLen sets the version to 4 and the length of the header to n bytes, a
// multiple of 4. It leaves the checksum alone, as all setters below do.
func (h IPv4) SetHeaderLen(n int) { h[0] = 0x40 | uint8(n/4) }

// SetTOS sets the type of service byte.
func (h IPv4) SetTOS(tos uint8) { h[1] = tos }

// SetTotalLen sets the length of the packet.
func (h IPv4) SetTotalLen(n int) { put16(h[2:], uint16(n)) }

// SetID sets the identification.
func (h IPv4) SetID(id uint16) { put16(h[4:], id) }

// SetFragment sets the flags, IPv4DontFragment or IPv4MoreFragments or neither,
// and the fragment offset in bytes, a multiple of 8.
func (h IPv4) SetFragment(flags uint16, offset int) { put16(h[6:], flags|uint16(offset/8)) }

// SetTTL sets the time to live.
func (h IPv4) SetTTL(ttl uint8) { h[8] = ttl }

// SetProto sets the protocol of the payload.
func (h IPv4) SetProto(proto uint8) { h[9] = proto }

// SetChecksum sets the header checksum field.
func (h IPv4) SetChecksum(sum uint16) { put16(h[10:], sum) }

// SetSrc sets the source address.
func (h IPv4) SetSrc(a uint32) { put32(h[12:], a) }

// SetDst sets the destination address.
func (h IPv4) SetDst(a uint32) { put32(h[16:], a) }

// DecrementTTL takes one off the time to live, which must not be 0, and adds it
// to the checksum as the kernel's ip_decrease_ttl does: a correct field stays
// correct, a wrong one stays as wrong.
func (h IPv4) DecrementTTL() {
	sum := uint32(h.Checksum()) + 0x0100
	if sum >= 0xffff {
		sum++
	}
	h.SetChecksum(uint16(sum))
	h[8]--
}

// ComputeChecksum returns what the checksum field should be, whatever it is.
func (h IPv4) ComputeChecksum() uint16 {
	return ^checksum.Fold(checksum.Add(checksum.Add(0, h[:10]), h[12:h.HeaderLen()]))
}

// ChecksumOK reports whether the checksum field is right.
func (h IPv4) ChecksumOK() bool {
	if h[0]&0x0f != IPv4Size/4 {
		return checksum.Sum(h[:h.HeaderLen()]) == 0
	}
	// Every packet comes here, and almost none has options.
	acc := uint64(be32(h)) + uint64(be32(h[4:])) + uint64(be32(h[8:])) + uint64(be32(h[12:])) + uint64(be32(h[16:]))
	return checksum.Fold(acc) == 0xffff
}
