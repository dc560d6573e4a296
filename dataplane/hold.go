package dataplane

import (
	"time"

	"xlvs/conntrack"
	"xlvs/dataplane/fragment"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
)

// How many packets may wait for next hops: per hop, as many as a client sends
// before it waits for an answer; in all, few enough for the frame pool.
const (
	maxHeldPerHop = 8
	maxHeld       = 256
)

// maxWait is how long a packet waits: longer than the kernel takes to find that a
// neighbour does not answer, and too short for what the packet belongs to to be
// forgotten meanwhile.
const maxWait = 10 * time.Second

// A heldPacket waits for its next hop to be resolved, or for the first piece of
// its datagram, unchanged so far.
type heldPacket struct {
	packet packet.Packet
	flow   flow
	conn   conntrack.Conn
	hop    neigh.HopID
	since  time.Duration   // when it came
	ticket fragment.Ticket // set of a piece that waits for the first
	done   bool            // has its verdict; its frame is on its way back
}

// unresolved asks for the next hop and keeps p meanwhile. Of a hop that does not
// answer, p's sender is told.
func (w *worker) unresolved(p *packet.Packet, f *flow, c *conntrack.Conn, id neigh.HopID, hop *neigh.Hop) Verdict {
	w.d.router.Resolve(id)
	if hop.State == neigh.Failed {
		return w.giveUp(p, f)
	}
	waiting := 0
	for i := range w.held {
		if w.held[i].hop == id {
			waiting++
		}
	}
	if waiting >= maxHeldPerHop || len(w.held) >= maxHeld {
		return HoldFull
	}
	w.held = append(w.held, heldPacket{packet: *p, flow: *f, conn: *c, hop: id, since: w.clock})
	return held
}

// giveUp tells p's sender that its next hop does not answer. The kernel finds that
// when it has taken a hop off already.
func (w *worker) giveUp(p *packet.Packet, f *flow) Verdict {
	encap.DecrementTTL(p)
	return w.answer(p, f, icmp.HostUnreachable, w.source(p, f), 0, NoNeighbor)
}

// retryHeld sends what waits for a hop that has been resolved, and drops what
// waits for one that failed, or has waited for too long.
func (w *worker) retryHeld() {
	for i := range w.held {
		h := &w.held[i]
		if h.ticket != (fragment.Ticket{}) {
			w.retryPiece(h)
			continue
		}
		if w.d.router.Hop(h.hop).State == neigh.Pending && w.clock-h.since < maxWait {
			continue
		}
		h.done = true
		w.finish(&h.packet, &h.flow, w.transmitHeld(h))
	}
}

// transmitHeld is transmit for a packet that has waited. It does not wait again.
func (w *worker) transmitHeld(h *heldPacket) Verdict {
	hop := w.d.router.Hop(h.hop)
	if hop.State != neigh.Reachable {
		return w.giveUp(&h.packet, &h.flow)
	}
	return w.forward(&h.packet, &h.flow, &h.conn, w.destination(h.conn.Dest), hop)
}

// forgetReleased removes what has been sent or released from the held packets.
// Until then the queues may look at them.
func (w *worker) forgetReleased() {
	if len(w.held) == 0 {
		return
	}
	n := 0
	for i := range w.held {
		if !w.held[i].done {
			w.held[n] = w.held[i]
			n++
		}
	}
	w.held = w.held[:n]
}

// releaseHeld gives up waiting.
func (w *worker) releaseHeld() {
	for i := range w.held {
		w.drop = append(w.drop, &w.held[i].packet)
	}
	w.queues.Release(w.drop)
	w.drop, w.held = w.drop[:0], nil
}
