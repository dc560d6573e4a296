package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// rewrite does to p what its connection's method asks for.
func (w *worker) rewrite(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	switch c.Method {
	case lvs.NAT:
		return w.masquerade(p, f, c, d)
	case lvs.FullNAT:
		return w.fullNAT(p, f, c, d)
	case lvs.Tunnel:
		if tunnels(f, c, d) {
			return w.encapsulate(p, f, d, hop)
		}
	}
	encap.DirectRouting(p)
	return undecided
}

// masquerade is rewrite for nat.
func (w *worker) masquerade(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	if f.related {
		return w.rewriteRelated(p, f, c, d)
	}
	v := undecided
	switch {
	case !c.Edited() && !d.edits && !f.controls(c, w.snap.ftp):
	case f.piece:
		v = w.editPiece(p, f, c, d)
	default:
		v = w.edit(p, f, c, d)
	}
	if v != undecided {
		return v
	}
	if f.dir == conntrack.In {
		encap.NATRequest(p, f.proto, c.Addr, c.Port)
	} else {
		encap.NATReply(p, f.proto, c.Addr, c.Port)
	}
	return undecided
}

// encapsulate is rewrite for a tunnel's requests, ICMP errors among them.
func (w *worker) encapsulate(p *packet.Packet, f *flow, d *destination, hop *neigh.Hop) Verdict {
	if d.clamp && f.opens && f.proto == lvs.TCP && p.L4 != 0 && !f.piece {
		w.clampMSS(p, d, hop, 0)
	}
	hash := uint32(0)
	if d.outer.Type == lvs.TunnelGUE { // whose source port tells flows apart
		hash = flowHash(&f.tuple)
	}
	if !d.tunnel.Push(p, hop.Source, hash, w.snap.sysctl.PMTUDisc != 0) {
		return NoHeadroom
	}
	return undecided
}

// rewriteRelated translates an ICMP error about a nat connection; about others,
// both sides know the same addresses.
func (w *worker) rewriteRelated(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	encap.DecrementTTL(p)
	proto := lvs.ICMP
	if !f.tuple.Src.Is4() {
		proto = lvs.ICMPv6
	}
	q, _ := icmp.Related(p, proto)
	w.editRelated(p, &q, f, c, d)
	if f.dir == conntrack.In {
		icmp.ToReal(p, &q, c.Addr, c.Port)
	} else {
		icmp.ToClient(p, &q, c.Addr, c.Port)
	}
	return undecided
}
