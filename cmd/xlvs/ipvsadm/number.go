package ipvsadm

import "strconv"

// blanks fills columns.
const blanks = "                                                  "

// pad fills b with blanks until the text that begins at start is width wide.
func pad(b []byte, start, width int) []byte {
	for n := width - (len(b) - start); n > 0; n -= len(blanks) {
		b = append(b, blanks[:min(n, len(blanks))]...)
	}
	return b
}

// appendLeft appends text at the left of a column.
func appendLeft(b []byte, text string, width int) []byte {
	return pad(append(b, text...), len(b), width)
}

// appendInt appends n at the left of a column.
func appendInt(b []byte, n, width int) []byte {
	return pad(strconv.AppendInt(b, int64(n), 10), len(b), width)
}

// appendRight appends n at the right of a column.
func appendRight(b []byte, n uint64, width int) []byte {
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], n, 10)
	return append(pad(b, len(b), width-len(text)), text...)
}

// appendNumber appends n right-aligned in nine columns, cut to thousands,
// millions, and so on when it has more than eight digits. That nothing from
// 10^9 on is shown in thousands is ipvsadm's way. An exact n is not cut but
// pushes what follows, with a blank in front.
func appendNumber(b []byte, n uint64, exact bool) []byte {
	switch {
	case n < 1e8:
		return appendRight(b, n, 9)
	case exact:
		return strconv.AppendUint(append(b, ' '), n, 10)
	case n < 1e9:
		return append(appendRight(b, n/1e3, 8), 'K')
	case n < 1e11:
		return append(appendRight(b, n/1e6, 8), 'M')
	case n < 1e14:
		return append(appendRight(b, n/1e9, 8), 'G')
	}
	return append(appendRight(b, n/1e12, 8), 'T')
}
