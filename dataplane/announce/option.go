package announce

import "xlvs/dataplane/header"

// The options that carry link-layer addresses (RFC 4861, section 4.6.1). Lengths
// are in units of 8 bytes; an Ethernet address fills one.
const (
	optionSource = 1
	optionTarget = 2

	optionUnit = 8
	optionSize = optionUnit
)

// linkAddr returns the Ethernet address in the first option of that kind. It
// reports false if the options are malformed: without length or truncated.
func linkAddr(options []byte, kind uint8) (mac header.MAC, found, ok bool) {
	for len(options) > 0 {
		if len(options) < optionUnit {
			return header.MAC{}, false, false
		}
		n := int(options[1]) * optionUnit
		if n == 0 || n > len(options) {
			return header.MAC{}, false, false
		}
		if options[0] == kind && n == optionSize && !found {
			mac, found = header.MAC(options[2:optionSize]), true
		}
		options = options[n:]
	}
	return mac, found, true
}

// putLinkAddr writes the option of that kind to the front of b.
func putLinkAddr(b []byte, kind uint8, mac header.MAC) {
	b[0], b[1] = kind, optionSize/optionUnit
	copy(b[2:optionSize], mac[:])
}
