package dataplane

import (
	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// editPiece is edit for a piece of a datagram, where nothing can be inserted. If
// something has to be the piece is lost: a client that sends fragments must not
// be able to introduce itself.
func (w *worker) editPiece(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	if d.client == config.ProxyV2 && f.dir == conntrack.In {
		return Untranslatable
	}
	if in, out, ok := w.d.table.Deltas(c); ok && f.proto == lvs.TCP && p.L4 != 0 {
		mend(p, f.dir, &in, &out)
	}
	return undecided
}

// editRelated undoes in an error what edit has done to the packet that it quotes:
// whoever has sent that must know it again, and leave room for it.
func (w *worker) editRelated(p *packet.Packet, q *icmp.Quote, f *flow, c *conntrack.Conn, d *destination) {
	in, out, edited := w.d.table.Deltas(c)
	sender := &out
	if f.dir == conntrack.Out {
		sender = &in
		icmp.LowerMTU(p, d.introduction(clientOf(f, c)))
	}
	if seq, ok := q.Seq(p); ok && edited {
		q.SetSeq(p, sender.Ack(seq))
	}
}
