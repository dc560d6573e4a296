package rawsock

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

// sctpField is where SCTP has its checksum, and no other protocol.
const sctpField = 8

// finishSCTP finishes the checksum of frame if it is SCTP's, and returns what is
// left to finish. A vnet header says where a checksum goes but not which: sent
// on as it came, the CRC32c would become an Internet checksum.
func finishSCTP(frame []byte, sum packet.Partial) packet.Partial {
	if sum.Field-sum.Start == sctpField && int(sum.Start) <= len(frame) && checksum.Finish(frame[sum.Start:], sctpField) {
		return packet.Partial{}
	}
	return sum
}
