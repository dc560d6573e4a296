package dataplane

import (
	"xlvs/dataplane/packet"
	"xlvs/dataplane/rawsock"
	"xlvs/dataplane/xsk"
	"xlvs/encap/segment"
)

// kindOf returns the kind of queue that p was received from, and belongs to.
func (q *queues) kindOf(p *packet.Packet) kind {
	switch {
	case int(p.In) >= len(q.egress):
		return doorKind
	case rawsock.Owns(p):
		return rawKind
	}
	return q.egress[p.In].kind
}

// Send implements Queues.
func (q *queues) Send(ps []*packet.Packet) {
	for _, p := range ps {
		out := min(int(p.Out), len(q.byPort)-1)
		q.byPort[out] = append(q.byPort[out], p)
	}
	for out, list := range q.byPort {
		if len(list) > 0 {
			q.sendTo(&q.egress[out], list)
			q.byPort[out] = list[:0]
		}
	}
}

// sendTo sends packets that leave by the same port. What came in by a queue of
// the same kind is sent in place; the rest is copied, and released here.
func (q *queues) sendTo(e *egress, ps []*packet.Packet) {
	own, foreign := ps[:0], q.foreign[:0]
	for _, p := range ps {
		if q.kindOf(p) == e.kind && e.kind != doorKind {
			own = append(own, p)
		} else {
			foreign = append(foreign, p)
		}
	}
	switch e.kind {
	case ringKind:
		e.ring.Send(own)
		for i, p := range foreign {
			if e.raw != nil && p.GSO.Kind != packet.GSONone {
				e.raw.Transmit(foreign[i : i+1])
			} else {
				q.carry(e.ring, p)
			}
		}
		q.note(e.ring.Flush())
		if e.raw != nil {
			q.note(e.raw.Flush())
		}
	case rawKind:
		e.raw.Send(own)
		e.raw.Transmit(foreign)
		q.note(e.raw.Flush())
	case doorKind:
		for _, p := range foreign {
			q.door.Send(p)
		}
	}
	q.Release(foreign)
	q.foreign = foreign[:0]
}

func (q *queues) note(err error) {
	if err != nil {
		q.err = err
	}
}

// carry copies p into AF_XDP frames: one packet, or as many as a super-frame has
// segments. What there is no frame for is lost, as in a full ring.
func (q *queues) carry(s *xsk.Socket, p *packet.Packet) {
	if p.GSO.Kind == packet.GSONone {
		s.Transmit(p)
		return
	}
	c, ok := segment.New(p)
	if !ok {
		return
	}
	size := int(p.L3) + superSegment(p)
	var room packet.Packet
	one := [1]*packet.Packet{&room}
	for c.More() && q.rings.NewFrame(&room, size) {
		if !c.Next(&room) {
			q.rings.Release(one[:])
			return
		}
		s.Send(one[:])
	}
}

// NewFrame implements Queues. A piece of what a local client has sent takes its
// frame from another queue.
func (q *queues) NewFrame(p, of *packet.Packet, n int) bool {
	in := of.In
	if q.kindOf(of) == doorKind {
		in = q.firstPort()
	}
	ok := false
	switch q.egress[in].kind {
	case ringKind:
		ok = q.rings.NewFrame(p, n)
	case rawKind:
		ok = q.raw.NewFrame(p)
	}
	p.In = in
	return ok
}

// firstPort returns a port that has frames.
func (q *queues) firstPort() uint16 {
	for i := range q.egress {
		if k := q.egress[i].kind; k == ringKind || k == rawKind {
			return uint16(i)
		}
	}
	return 0
}

// Release implements Queues.
func (q *queues) Release(ps []*packet.Packet) {
	for i := range ps {
		one := ps[i : i+1]
		switch q.kindOf(ps[i]) {
		case ringKind:
			q.rings.Release(one)
		case rawKind:
			q.raw.Release(one)
		case doorKind:
			q.door.Release(one)
		}
	}
}
