package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap/segment"
)

// maxPieces is how many pieces of packets wait to be sent.
const maxPieces = 128

// emit puts a piece of a packet with those that are sent after the batch, or
// before that if there are too many.
func (w *worker) emit(piece *packet.Packet) {
	if len(w.pieces) == maxPieces {
		w.queues.Send(w.out)
		w.out, w.pieces = w.out[:0], w.pieces[:0]
	}
	w.pieces = append(w.pieces, *piece)
	w.out = append(w.out, &w.pieces[len(w.pieces)-1])
}

// discard takes back a piece that cannot be sent.
func (w *worker) discard(piece *packet.Packet) {
	w.one[0] = piece
	w.queues.Release(w.one[:])
}

// growth is how much longer a packet may become on its way: by the outer headers
// of a tunnel, or by what is inserted for a real server.
const growth = 128

// forwardSegments forwards the segments of super-frame p one by one: none of
// what is done to them is known to the devices that would cut it. The frame
// itself is sent nowhere.
func (w *worker) forwardSegments(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	cutter, ok := segment.New(p)
	if !ok {
		return Unreadable
	}
	size, piece := int(p.L3)+segmentSize(p, f)+growth, &w.segment
	for cutter.More() {
		if !w.queues.NewFrame(piece, p, size) {
			return NoFrame
		}
		if v := w.forwardPiece(piece, cutter.Next(piece), f, c, d, hop); v != Forward {
			return v
		}
	}
	return Forward
}

// forwardFragments forwards p in fragments of mtu bytes before anything is done to
// them, for a way over IPv6: no router would cut what leaves.
func (w *worker) forwardFragments(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop, mtu int) Verdict {
	cutter, ok := segment.NewFragments(p, mtu, w.d.nextID())
	if !ok {
		return TooBig
	}
	size, piece := int(p.L3)+mtu+growth, &w.cut
	for cutter.More() {
		if !w.queues.NewFrame(piece, p, size) {
			return NoFrame
		}
		if v := w.forwardPiece(piece, cutter.Next(piece), f, c, d, hop); v != Forward {
			return v
		}
	}
	return Forward
}

// forwardPiece forwards one piece of the packet that f is about, if it could be
// made.
func (w *worker) forwardPiece(piece *packet.Packet, made bool, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	v := NoFrame
	if made {
		own := *f
		own.size = len(piece.Bytes()) - int(piece.L3)
		v = w.forward(piece, &own, c, d, hop)
	}
	if v != Forward || piece.Out == packet.NoPort { // in fragments
		w.discard(piece)
		return v
	}
	w.emit(piece)
	return Forward
}

// fragment sends p, which is longer than the next link's MTU and may be
// fragmented, in fragments. The packet itself is sent nowhere.
func (w *worker) fragment(p *packet.Packet, hop *neigh.Hop) Verdict {
	cutter, ok := segment.NewFragments(p, hop.MTU, w.d.nextID())
	if !ok {
		return TooBig
	}
	for piece := &w.cut; cutter.More(); {
		if !w.queues.NewFrame(piece, p, int(p.L3)+hop.MTU) {
			return NoFrame
		}
		v := NoFrame
		if cutter.Next(piece) {
			v = address(piece, hop)
		}
		if v != Forward {
			w.discard(piece)
			return v
		}
		w.emit(piece)
	}
	return Forward
}

// nextID returns an identification for a packet whose sender has not given it one.
func (d *Director) nextID() uint16 { return uint16(d.lastID.Add(1)) }
