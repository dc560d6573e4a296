package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/fragment"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// A fate is what was decided about the first piece of a datagram, and holds for
// all of them.
type fate struct {
	verdict Verdict // Forward: by the connection below
	conn    conntrack.Conn
	tuple   lvs.Tuple
	dir     conntrack.Dir
}

// decidePiece decides about a piece of a datagram in fragments. The first one,
// which has the ports, decides for those that follow it; those that came before
// wait for it.
func (w *worker) decidePiece(p *packet.Packet, f *flow) Verdict {
	k, piece, ok := fragment.Read(p)
	if !ok {
		return Unreadable
	}
	was, ticket, outcome := w.d.fragments.Add(k, piece, w.clock)
	switch outcome {
	case fragment.First:
		return w.decideFirst(p, f, ticket)
	case fragment.Follows:
		return w.follow(p, f, &was)
	case fragment.Waits:
		return w.await(p, f, ticket)
	}
	return Fragment
}

// decideFirst decides about a first piece, and thereby about its datagram.
func (w *worker) decideFirst(p *packet.Packet, f *flow, ticket fragment.Ticket) Verdict {
	is := fate{verdict: Forward}
	d, v := w.connect(p, f, &is.conn)
	if v != undecided {
		is.verdict = v
	}
	is.tuple, is.dir = f.tuple, f.dir
	if w.d.fragments.Settle(ticket, is) > 0 {
		w.rouse = true
	}
	if v != undecided {
		return v
	}
	return w.transmit(p, f, &is.conn, d)
}

// follow has a later piece follow the first.
func (w *worker) follow(p *packet.Packet, f *flow, was *fate) Verdict {
	if was.verdict != Forward {
		return was.verdict
	}
	f.tuple, f.dir = was.tuple, was.dir
	c := was.conn
	d := w.destination(c.Dest)
	w.count(d, f)
	return w.transmit(p, f, &c, d)
}

// await keeps a piece that came before the first.
func (w *worker) await(p *packet.Packet, f *flow, ticket fragment.Ticket) Verdict {
	if len(w.held) >= maxHeld {
		w.d.fragments.GiveUp(ticket)
		return HoldFull
	}
	w.held = append(w.held, heldPacket{packet: *p, flow: *f, ticket: ticket})
	return held
}

// retryPiece looks after a piece that waits for the first.
func (w *worker) retryPiece(h *heldPacket) {
	was, outcome := w.d.fragments.Ask(h.ticket)
	if outcome == fragment.Waits {
		return
	}
	h.done = true
	v := Fragment
	if outcome == fragment.Follows {
		v = w.follow(&h.packet, &h.flow, &was)
	}
	w.finish(&h.packet, &h.flow, v)
}
