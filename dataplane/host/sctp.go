package host

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// finishSCTP finishes the checksum of p if it is SCTP's and unfinished; the place
// tells, no other protocol's is there. To the kernel one can say where a checksum
// goes, but not which it is: the CRC32c would become an Internet checksum.
func finishSCTP(p *packet.Packet) {
	if p.Sum.Field-p.Sum.Start != header.SCTPChecksumOffset {
		return
	}
	if checksum.Finish(p.Bytes()[p.Sum.Start:], header.SCTPChecksumOffset) {
		p.Sum = packet.Partial{}
	}
}
