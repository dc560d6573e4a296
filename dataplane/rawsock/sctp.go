package rawsock

import (
	"encoding/binary"
	"hash/crc32"

	"xlvs/dataplane/packet"
)

const (
	sctpField  = 8  // where its checksum lies in an SCTP header, and no other protocol's
	sctpHeader = 12 // (RFC 9260, section 3.1)
)

// finishSCTP finishes the checksum of frame if it is SCTP's, and returns what is
// left to finish. A vnet header says where a checksum goes but not which: sent
// on as it came, the CRC32c would become an Internet checksum.
func finishSCTP(frame []byte, sum packet.Partial) packet.Partial {
	if sum.Field-sum.Start != sctpField || int(sum.Start)+sctpHeader > len(frame) {
		return sum
	}
	b := frame[sum.Start:]
	field := b[sctpField:sctpHeader]
	clear(field) // it counts as zero
	// Least significant byte first (RFC 9260, appendix A).
	binary.LittleEndian.PutUint32(field, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	return packet.Partial{}
}
