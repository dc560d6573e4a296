package checksum

// Update returns the checksum field after one 16-bit word that it covers has
// changed from before to after (RFC 1624, equation 3).
func Update(field, before, after uint16) uint16 {
	return ^Fold(uint64(^field) + uint64(^before) + uint64(after))
}

// Delta32 returns by how much a sum changes when four bytes that it covers, at
// an even offset, change from before to after. Deltas are added up with + and
// given to Apply; many packets of a connection share one.
func Delta32(before, after uint32) uint64 {
	return uint64(^before) + uint64(after)
}

// Delta64 is Delta32 for eight bytes.
func Delta64(before, after uint64) uint64 {
	return halves(^before) + halves(after)
}

// Apply returns the checksum field after the words that it covers have changed
// by delta. As with Sum, UDP must send a result of zero as 0xffff.
func Apply(field uint16, delta uint64) uint16 {
	return ^Fold(uint64(^field) + delta)
}

// ApplyPartial is Apply for an unfinished field: one that holds the folded sum
// of the pseudo header, not complemented, until a device adds the rest.
func ApplyPartial(field uint16, delta uint64) uint16 {
	return Fold(uint64(field) + delta)
}
