package encap

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// newGUE writes a UDP and a GUE header to b, to a port, around packets of inner.
// It returns the protocol of that.
func newGUE(b []byte, port uint16, inner uint8) (proto uint8) {
	header.UDP(b).SetDstPort(port)
	header.GUE(b[header.UDPSize:]).SetProto(inner)
	return header.ProtoUDP
}

// leaves reports whether the checksum of p, which is not finished, stays so: the
// destination is told about it, behind the GUE header.
func (t *Tunnel) leaves(p *packet.Packet) bool { return t.Overhead(p) != t.size }

// remcsum returns the size of what tells a destination about the checksum of p: 0
// if that is finished, or is SCTP's, which is no sum and would not come right.
// Few tunnels ask; Overhead is inlined for the others.
//
//go:noinline
func remcsum(p *packet.Packet) int {
	if p.Sum != (packet.Partial{}) && !isSCTP(p.Sum) && holds(p, p.Sum) {
		return header.GUERemcsumSize
	}
	return 0
}

// putGUE writes the UDP and GUE headers to p, which has room for them, and says
// where the checksum is that is left to the destination.
func (t *Tunnel) putGUE(p *packet.Packet, f *front, leave bool, hash uint32) {
	b := p.Bytes()[p.L4:]
	*(*[len(f.between)]byte)(b) = f.between
	if leave {
		at := p.L4 + header.UDPSize + header.GUESize + header.GUERemcsumSize
		header.GUE(b[header.UDPSize:]).SetRemcsum(p.Sum.Start-at, p.Sum.Field-at)
	}
	h := header.UDP(b)
	h.SetSrcPort(sourcePort(hash, t.opts.Sources))
	h.SetLength(len(h))
	if t.sums {
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
