package segment

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// finish computes the transport checksum of p, whose packet is h, if that has
// been left to a device. It reports false, and leaves p as it was, if h is not
// whole, or the checksum not in its payload.
func finish(p *packet.Packet, h header.IPv4) bool {
	if p.Sum == (packet.Partial{}) {
		return true
	}
	start, field := int(p.Sum.Start)-int(p.L3), int(p.Sum.Field)-int(p.Sum.Start)
	if h.IsFragment() || start < h.HeaderLen() || start > len(h) || !put(h[start:], field) {
		return false
	}
	p.Sum = packet.Partial{}
	return true
}

// put sets the checksum field of t, a transport header and its payload, which
// holds the sum of the pseudo header. SCTP's, alone at its place, is none such.
func put(t []byte, field int) bool {
	if field < 0 || field+2 > len(t) {
		return false
	}
	if field == header.SCTPChecksumOffset {
		h, ok := header.ParseSCTP(t)
		if ok {
			h.SetChecksum(h.ComputeChecksum())
		}
		return ok
	}
	v := checksum.Sum(t)
	if v == 0 && field == header.UDPChecksumOffset {
		v = 0xffff // 0 would say that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(t[field:], v)
	return true
}
