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
	switch {
	case src.Is4() == f.tuple.Src.Is4():
		encap.FullNAT(p, f.proto, src, srcPort, dst, dstPort)
	case !encap.Translate(p, f.proto, src, srcPort, dst, dstPort):
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
	if !icmp.ChecksumOK(p) {
		return BadChecksum
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

// crossRelated translates an error between IP versions. It is about what the real
// server has sent, or the client.
func crossRelated(p *packet.Packet, q *icmp.Quote, f *flow, c *conntrack.Conn) Verdict {
	src, dst := icmp.End{Addr: c.Addr, Port: c.Port}, icmp.End{Addr: c.Peer, Port: c.PeerPort}
	if f.dir == conntrack.Out {
		src, dst = dst, src
	}
	if !icmp.Cross(p, q, src, dst) {
		return Untranslatable
	}
	return undecided
}

// translationRoom is how much longer a packet becomes that leaves over the other
// IP version than it came by: a negative number from IPv6 to IPv4.
func translationRoom(p *packet.Packet, f *flow, c *conntrack.Conn) int {
	if c.Method != lvs.FullNAT {
		return 0
	}
	to := c.Addr
	if f.dir == conntrack.Out {
		to = c.Peer
	}
	switch v4 := p.Bytes()[p.L3]>>4 == 4; {
	case v4 == to.Is4():
		return 0
	case v4:
		return encap.FamilyOverhead
	}
	return -encap.FamilyOverhead
}
