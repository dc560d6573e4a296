package encap

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// newGUE writes a UDP and a GUE header to b, to a port, around packets of inner.
// It returns the protocol of that.
func newGUE(b []byte, port uint16, inner uint8) (proto uint8) {
	header.UDP(b).SetDstPort(port)
	header.GUE(b[header.UDPSize:]).SetProto(inner)
	return header.ProtoUDP
}

// leaves reports whether the checksum of p, which is not finished, stays so: the
// destination is told about it. SCTP's is no sum, so it would not come right.
func (t *Tunnel) leaves(p *packet.Packet) bool {
	return t.opts.Type == lvs.TunnelGUE && t.opts.Flags&lvs.TunnelRemCsum != 0 &&
		p.Sum != (packet.Partial{}) && !isSCTP(p.Sum) && holds(p, p.Sum)
}

// putGUE sets what differs between the UDP headers of packets.
func (t *Tunnel) putGUE(p *packet.Packet, hash uint32) {
	h := header.UDP(p.Bytes()[p.L4:])
	h.SetSrcPort(sourcePort(hash, t.opts.Sources))
	h.SetLength(len(h))
	if t.opts.Flags != lvs.TunnelNoCsum {
		h.SetChecksum(finishUDP(p))
	}
}

// sourcePort returns the port of a range that a flow's hash leads to
// (udp_flow_src_port).
func sourcePort(hash uint32, within [2]uint16) uint16 {
	hash ^= hash << 16
	span := uint64(within[1] - within[0])
	return within[0] + uint16(uint64(hash)*span>>32)
}

// readGUE reads the UDP and GUE headers that b begins with, and returns what is
// behind them. A UDP checksum of zero is none, over IPv6 as well (RFC 6935).
func (w *wrapping) readGUE(b []byte) ([]byte, bool) {
	u, ok := header.ParseUDP(b)
	if !ok || u.DstPort() != w.port || w.port == 0 {
		return nil, false
	}
	if w.verify && u.Checksum() != 0 && checksum.Fold(checksum.Add(w.pseudo+uint64(len(u)), u)) != 0xffff {
		return nil, false
	}
	h, ok := header.ParseGUE(u.Payload())
	if !ok || h.IsControl() {
		return nil, false
	}
	w.size += header.UDPSize + h.HeaderLen()
	w.proto = h.Proto()
	w.left.Start, w.left.Field, w.remcsum = h.Remcsum()
	return h.Payload(), true
}
