package header

// The kinds of option that the director knows, of TCP (RFC 9293, section 3.2;
// RFC 2018, section 3; RFC 7323, section 3) and of IPv4 (RFC 791, section 3.1).
const (
	OptionEnd        uint8 = 0
	OptionNone       uint8 = 1 // no operation: one byte of padding
	OptionMSS        uint8 = 2
	OptionSACK       uint8 = 5
	OptionTimestamps uint8 = 8
	OptionLSRR       uint8 = 131 // IPv4: loose source and record route
	OptionSSRR       uint8 = 137 // IPv4: strict source and record route
)

// Options are what follows the fixed part of a TCP or IPv4 header, which both
// fill alike: kinds, and lengths that count the two bytes of kind and length.
type Options []byte

// Next returns where the first option begins and ends that is at offset at or
// behind it and is no padding. It reports false if there is none: what cannot be
// read ends the options, as it does for the receiver.
//
//	for at, end, ok := o.Next(0); ok; at, end, ok = o.Next(end) {
func (o Options) Next(at int) (begin, end int, ok bool) {
	for at < len(o) && o[at] == OptionNone {
		at++
	}
	if at+1 >= len(o) || o[at] == OptionEnd {
		return 0, 0, false
	}
	n := int(o[at+1])
	return at, at + n, n >= 2 && n <= len(o)-at
}
