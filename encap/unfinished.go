package encap

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// finish computes the transport checksum that the sender of p has left to its
// device. It reports false, and leaves p as it was, if p is not long enough to
// hold it.
func finish(p *packet.Packet) bool { return p.Sum == (packet.Partial{}) || finishSum(p) }

// finishSum is finish for a packet that has such a checksum; few have.
func finishSum(p *packet.Packet) bool {
	s := p.Sum
	if !holds(p, s) {
		return false
	}
	p.Sum = packet.Partial{}
	return checksum.Finish(p.Bytes()[s.Start:], int(s.Field-s.Start))
}

// isSCTP reports whether s is where SCTP, alone among protocols, has its
// checksum.
func isSCTP(s packet.Partial) bool { return s.Field-s.Start == header.SCTPChecksumOffset }

// holds reports whether s is a place in the packet inside p's frame.
func holds(p *packet.Packet, s packet.Partial) bool {
	size := 2
	if isSCTP(s) {
		size = 4
	}
	return s.Start >= p.L3 && s.Field >= s.Start && int(s.Field)+size <= p.Len()
}
