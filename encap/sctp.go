package encap

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// setSCTPPort sets a port in the SCTP header of p. A checksum that the sender
// has left to its device is computed in any case: the queues know how to finish
// Internet checksums only. Otherwise, with the port as it was, none of what the
// CRC32c covers has changed (sctp_dnat_handler).
func setSCTPPort(p *packet.Packet, s side, port uint16) {
	h, ok := header.ParseSCTP(p.Bytes()[p.L4:])
	if !ok {
		return
	}
	if p.Sum.Start == p.L4 {
		h.SetChecksum(0)
		p.Sum = packet.Partial{}
	}
	h.Finish()
	before, set := h.SrcPort(), h.SetSrcPort
	if s == destination {
		before, set = h.DstPort(), h.SetDstPort
	}
	if before == port {
		return
	}
	// A CRC is linear: by how much it changes does not depend on whether the
	// field is right, and a wrong one stays as wrong.
	crc := h.Checksum() ^ h.ComputeChecksum()
	set(port)
	h.SetChecksum(crc ^ h.ComputeChecksum())
}
