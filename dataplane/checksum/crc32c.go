package checksum

import "hash/crc32"

// crcSize is the size of a CRC32c field.
const crcSize = 4

// CRC32c returns the CRC32c of b with the four bytes at field, its own place,
// counted as zero (RFC 9260, section 6.8). It is a number: SCTP sends its least
// significant byte first. b must reach beyond the field.
func CRC32c(b []byte, field int) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once
	crc := ^crc32.Update(0, table, b[:field])
	for range crcSize {
		crc = table[uint8(crc)] ^ crc>>8
	}
	return crc32.Update(^crc, table, b[field+crcSize:])
}
