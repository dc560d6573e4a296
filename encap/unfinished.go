package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// finish computes the transport checksum that the sender of p has left to its
// device. It reports false, and leaves p as it was, if p is not long enough to
// hold it.
func finish(p *packet.Packet) bool {
	s := p.Sum
	if s == (packet.Partial{}) {
		return true
	}
	if !holds(p, s) {
		return false
	}
	b := p.Bytes()[s.Start:]
	p.Sum = packet.Partial{}
	if isSCTP(s) {
		h := header.SCTP(b)
		h.SetChecksum(h.ComputeChecksum())
		return true
	}
	sum := checksum.Sum(b)
	if sum == 0 && s.Field-s.Start == header.UDPChecksumOffset {
		sum = 0xffff // 0 would say that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(b[s.Field-s.Start:], sum)
	return true
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
