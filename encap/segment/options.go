package segment

// The options without a length, and the flag of those that all fragments have
// (RFC 791, section 3.1).
const (
	optionEnd    = 0
	optionNop    = 1
	optionCopied = 0x80
)

// blank overwrites the options that only the first fragment has. The header
// keeps its size, so that all fragments have room for as much, as the kernel
// does it (ip_options_fragment). What cannot be read is left to the receiver.
func blank(options []byte) {
	for len(options) > 0 && options[0] != optionEnd {
		n := 1
		if options[0] != optionNop {
			if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
				return
			}
			n = int(options[1])
		}
		if options[0]&optionCopied == 0 {
			for i := range options[:n] {
				options[i] = optionNop
			}
		}
		options = options[n:]
	}
}
