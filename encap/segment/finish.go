package segment

import (
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
	if h.IsFragment() || start < h.HeaderLen() || start > len(h) || !checksum.Finish(h[start:], field) {
		return false
	}
	p.Sum = packet.Partial{}
	return true
}
