package ipvsadm

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// dotted reads an IPv4 address as inet_aton does: one to four numbers, decimal,
// octal with a 0 or hexadecimal with a 0x in front, the last of which fills all
// bytes that are left. Behind a blank anything may follow.
func dotted(text string) (a netip.Addr, ok bool) {
	if end := strings.IndexAny(text, blank); end >= 0 {
		text = text[:end]
	}
	var value uint32
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return a, false
	}
	for i, part := range parts {
		room := 8
		if i == len(parts)-1 {
			room = 8 * (4 - i)
		}
		n, ok := cNumber(part, room)
		if !ok {
			return a, false
		}
		value = uint32(uint64(value)<<room | uint64(n))
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, value))), true
}

// cNumber reads a number without a sign as C writes it, of no more than that many
// bits.
func cNumber(text string, bits int) (n uint32, ok bool) {
	base := 10
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		text, base = text[2:], 16
	case len(text) > 1 && text[0] == '0':
		text, base = text[1:], 8
	}
	value, err := strconv.ParseUint(text, base, bits)
	return uint32(value), err == nil
}
