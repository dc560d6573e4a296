package encap

import (
	"encoding/binary"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// setSCTPPorts sets the ports in the SCTP header of p as setPorts does. A
// checksum that the sender has left to its device is computed in any case: the
// queues know how to finish Internet checksums only. Otherwise, with the ports as
// they were, none of what the CRC32c covers has changed (sctp_dnat_handler).
func setSCTPPorts(p *packet.Packet, keep, ports uint32) {
	h, ok := header.ParseSCTP(p.Bytes()[p.L4:])
	if !ok {
		return
	}
	if p.Sum.Start == p.L4 {
		h.SetChecksum(0)
		p.Sum = packet.Partial{}
	}
	h.Finish()
	before := binary.BigEndian.Uint32(h)
	after := before&keep | ports
	if before == after {
		return
	}
	// A CRC is linear: by how much it changes does not depend on whether the
	// field is right, and a wrong one stays as wrong.
	crc := h.Checksum() ^ h.ComputeChecksum()
	binary.BigEndian.PutUint32(h, after)
	h.SetChecksum(crc ^ h.ComputeChecksum())
}
