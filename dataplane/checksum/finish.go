package checksum

import "encoding/binary"

// Where checksums lie in the headers of the protocols that are special: UDP's may
// not be 0 (RFC 768), SCTP's is a CRC32c (RFC 9260, section 6.8). No other
// protocol has its own there.
const (
	udpField  = 6
	sctpField = 8

	sctpHeader = 12
	fieldSize  = 2
)

// Finish sets the checksum of b, a transport header and all that follows it, which
// a sender has left to its device: the field at offset field holds the sum of the
// pseudo header, or what SCTP puts there. It reports false, and changes nothing,
// if b does not hold the field.
func Finish(b []byte, field int) bool {
	if field < 0 || field+fieldSize > len(b) {
		return false
	}
	if field == sctpField {
		if len(b) < sctpHeader {
			return false
		}
		binary.LittleEndian.PutUint32(b[field:], CRC32c(b, field))
		return true
	}
	sum := Sum(b)
	if sum == 0 && field == udpField {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[field:], sum)
	return true
}

// Unfinished reports whether the sum that Finish sets is missing in b: the field
// holds pseudo, the sum of the pseudo header, and that is not right by chance.
// b holds the field.
func Unfinished(b []byte, field int, pseudo uint64) bool {
	return binary.BigEndian.Uint16(b[field:]) == Fold(pseudo) && Fold(Add(pseudo, b)) != 0xffff
}
