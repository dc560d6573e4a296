package segment

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// network returns the IP packet in p and the sum of its pseudo header without
// the length. It reports false if the packet is not of the family and protocol
// that p's GSO says, is a fragment, or has its transport header not at p.L4.
func network(p *packet.Packet) (ip []byte, pseudo uint64, ok bool) {
	b, size, proto := p.Bytes()[p.L3:], int(p.L4)-int(p.L3), protocol(p.GSO.Kind)
	if h, ok := header.ParseIPv4(b); ok {
		pseudo = checksum.Pseudo4(h.Src(), h.Dst(), proto, 0)
		return h, pseudo, p.GSO.Kind != packet.GSOTCP6 && !h.IsFragment() && h.HeaderLen() == size && h.Proto() == proto
	}
	h, ok := header.ParseIPv6(b)
	if !ok {
		return nil, 0, false
	}
	t, ok := h.Transport()
	pseudo = checksum.Pseudo6(h.Src(), h.Dst(), proto, 0)
	return h, pseudo, ok && p.GSO.Kind != packet.GSOTCP4 && !t.Fragment && t.Offset == size && t.Proto == proto
}

// protocol returns the transport protocol of segments of kind k.
func protocol(k packet.GSOKind) uint8 {
	if k == packet.GSOUDP {
		return header.ProtoUDP
	}
	return header.ProtoTCP
}

// transport returns the size of the header that t begins with, and where in it
// the checksum is. It reports false if t is no TCP or UDP as k says.
func transport(k packet.GSOKind, t []byte) (size, field int, ok bool) {
	if k == packet.GSOUDP {
		h, ok := header.ParseUDP(t)
		return header.UDPSize, header.UDPChecksumOffset, ok && len(h) == len(t)
	}
	h, ok := header.ParseTCP(t)
	if !ok {
		return 0, 0, false
	}
	return h.DataOffset(), header.TCPChecksumOffset, true
}
