package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// fullNAT is rewrite for fullnat: between client and virtual service on one side,
// local address and real server on the other, which may be of another family.
func (w *worker) fullNAT(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	if f.related {
		return w.fullNATRelated(p, f, c, d)
	}
	if c.Edited() || d.edits || f.ends() {
		if v := w.editFullNAT(p, f, c, d); v != undecided {
			return v
		}
	}
	src, srcPort, dst, dstPort := c.Peer, c.PeerPort, c.Addr, c.Port
	if f.dir == conntrack.Out {
		src, srcPort, dst, dstPort = dst, dstPort, src, srcPort
	}
	translate := encap.Translate
	switch {
	case src.Is4() == f.tuple.Src.Is4():
		encap.FullNAT(p, f.proto, src, srcPort, dst, dstPort)
		return undecided
	case f.piece:
		translate = encap.TranslatePiece
	}
	if !translate(p, f.proto, src, srcPort, dst, dstPort) {
		return Untranslatable
	}
	return undecided
}

// editFullNAT is edit, and what a local port that is used again asks for.
func (w *worker) editFullNAT(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	switch {
	case f.piece:
		return w.editPiece(p, f, c, d)
	case !c.Edited() && f.ends():
		s := viewSegment(p)
		w.noteEnd(f, c, &s, new(conntrack.Delta))
	}
	if c.Edited() || d.edits {
		return w.edit(p, f, c, d)
	}
	return undecided
}

// ends reports whether a TCP segment closes its direction, or both.
func (f *flow) ends() bool {
	return f.proto == lvs.TCP && (f.event == conntrack.EventFIN || f.event == conntrack.EventRST)
}

// fullNATRelated translates an ICMP error about a fullnat connection.
func (w *worker) fullNATRelated(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	v4 := f.tuple.Src.Is4()
	proto := lvs.ICMP
	if !v4 {
		proto = lvs.ICMPv6
	}
	encap.DecrementTTL(p)
	q, _ := icmp.Related(p, proto)
	w.editRelated(p, &q, f, c, d)
	switch {
	case c.Addr.Is4() != v4:
		return crossRelated(p, &q, f, c)
	case f.dir == conntrack.In:
		icmp.ToRealFrom(p, &q, c.Peer, c.PeerPort, c.Addr, c.Port)
	default:
		icmp.ToClientAt(p, &q, c.Peer, c.PeerPort, c.Addr, c.Port)
	}
	return undecided
}
