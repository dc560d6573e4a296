package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// What is different where fullnat's clients and real servers are of different IP
// versions is here; encap.Translate changes the packets.

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

// to6 reports whether p, of IPv4, leaves over IPv6.
func to6(p *packet.Packet, f *flow, c *conntrack.Conn) bool {
	return c.Method == lvs.FullNAT && p.Bytes()[p.L3]>>4 == 4 && !receiver(f, c).Is4()
}

// receiver returns where a packet of a fullnat connection goes.
func receiver(f *flow, c *conntrack.Conn) lvs.Addr {
	if f.dir == conntrack.Out {
		return c.Peer
	}
	return c.Addr
}

// translationRoom is how much longer a packet becomes that leaves over the other
// IP version than it came by: a negative number from IPv6 to IPv4.
func translationRoom(p *packet.Packet, f *flow, c *conntrack.Conn) int {
	if c.Method != lvs.FullNAT {
		return 0
	}
	n := encap.FamilyOverhead
	if f.piece {
		n = encap.PieceOverhead
	}
	switch v4 := p.Bytes()[p.L3]>>4 == 4; {
	case v4 == receiver(f, c).Is4():
		return 0
	case v4:
		return n
	}
	return -n
}

// forwardAcross forwards p, which comes over IPv4 and is too long for hop over
// IPv6, in fragments, as its sender allows: over IPv6 nobody else may make them
// (RFC 7915, section 4). Nothing can be inserted there.
func (w *worker) forwardAcross(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	if d.edits || c.Edited() {
		return TooBig
	}
	pieces := *f
	pieces.piece = true
	return w.forwardFragments(p, &pieces, c, d, hop, hop.MTU-encap.PieceOverhead)
}
