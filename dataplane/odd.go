package dataplane

import (
	"time"

	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// decideOdd is decide for packets that are not as most are, so that the others need
// not be asked.
func (w *worker) decideOdd(p *packet.Packet, f *flow) Verdict {
	v := f.verdict
	switch v {
	case NotOurs:
		return w.stray(p, f)
	case cutShort, optioned:
	default:
		return v
	}
	f.verdict = undecided
	w.seek(f)
	switch {
	case v == cutShort:
		w.countCut(f)
		return Unreadable
	case f.verdict == NotOurs:
		return w.stray(p, f)
	}
	return w.decideOptions(p, f)
}

// countCut counts a request whose transport header lacks what is behind the ports.
// The kernel needs no more to find its connection, and drops it after that.
func (w *worker) countCut(f *flow) {
	var c conntrack.Conn
	known := f.verdict == undecided && (w.d.table.Find(&c, &f.key, &f.tuple) || f.both && w.findRequest(&c, f))
	if known && f.dir == conntrack.In {
		w.count(w.destination(c.Dest), f)
	}
}

// decideOptions is decide for a packet with options in its IPv4 header, which the
// kernel's stack looks at before ip_vs does: mistakes are answered, source routes
// dropped (accept_source_route=0), and addresses and times entered where the packet
// asks for them. Fragments are asked for nothing.
func (w *worker) decideOptions(p *packet.Packet, f *flow) Verdict {
	h := header.IPv4(p.Bytes()[p.L3:])
	r, mistake := h.Route()
	switch {
	case mistake != 0:
		return w.answer(p, f, icmp.BadHeader, w.source(p, f), mistake, Unreadable)
	case r.BySource():
		return SourceRouted
	case f.piece:
		return w.decidePiece(p, f)
	}
	var c conntrack.Conn
	d, v := w.connect(p, f, &c)
	if v != undecided {
		return v
	}
	if a := w.passage(f, &c, d); r.Records() && a.Is4() {
		const day = 24 * time.Hour
		h.Record(r, a.V4(), uint32(time.Now().UnixMilli()%day.Milliseconds()))
	}
	return w.transmit(p, f, &c, d)
}

// passage returns the address by which a packet has passed the director: a client's,
// that which it was sent to, others the one from which it leaves.
func (w *worker) passage(f *flow, c *conntrack.Conn, d *destination) lvs.Addr {
	if f.dir == conntrack.In {
		return f.tuple.Dst
	}
	return w.d.router.Hop(w.hop(f, c, d)).Source
}
