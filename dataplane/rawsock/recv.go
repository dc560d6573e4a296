package rawsock

import (
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// noFrame stands for a message that has no frame to receive into.
const noFrame = ^uint64(0)

// Recv fills ps from the front with packets that have arrived, at most 64, and
// never waits. The caller owns them until Send or Release. What ends by itself
// (link down, interface gone) is counted, not returned.
func (s *Socket) Recv(ps []packet.Packet) (n int, err error) {
	g := s.g
	if g.closed.Load() {
		return 0, ErrClosed
	}
	room := g.refill(min(len(ps), batchSize))
	if room == 0 {
		return 0, nil
	}
	got, err := g.in.receive(s.fd, room)
	switch {
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil && !s.n.survived.count(err, 1):
		return 0, failed("receive", err)
	}
	for i := range got {
		if s.unpack(i, &ps[n]) {
			n++
		}
	}
	s.n.rx.Add(uint64(n))
	return n, nil
}

// refill gives frames to the first n messages. It returns how many have one.
func (g *Group) refill(n int) int {
	for i := range n {
		if g.filling[i] != noFrame {
			continue
		}
		frame, ok := g.pool.take(fill)
		if !ok {
			return i
		}
		g.filling[i] = frame
		g.in.setFrame(i, g.pool.chunk(frame)[packet.Headroom:][:largest])
	}
	return n
}

// unpack makes p the frame of message i. It reports false, and keeps the frame
// for another message, if nobody could tell what p is.
func (s *Socket) unpack(i int, p *packet.Packet) bool {
	m := &s.g.in.messages[i]
	n := int(m.n) - vnetSize
	sum, gso, ok := s.g.in.envelopes[i].vnet.read(n)
	if !ok || n < ethernetHeader || m.head.Flags&unix.MSG_TRUNC != 0 {
		s.n.unreadable.Add(1)
		return false
	}
	frame := s.g.filling[i]
	s.g.filling[i] = noFrame
	s.g.pool.move(frame, fill, held)
	p.Frame, p.In = frame|ours, s.port
	p.Reset(s.g.pool.chunk(frame), packet.Headroom, n)
	p.Sum, p.GSO = finishSCTP(p.Bytes(), sum), gso
	if t, ok := s.g.in.tag(i); ok {
		t.restore(p)
	}
	return true
}

// starved reports whether every frame is in the caller's hands, so that Recv
// could not take what has arrived.
func (g *Group) starved() bool { return g.filling[0] == noFrame && len(g.pool.stack) == 0 }

// drain takes back the frames that wait for Recv.
func (g *Group) drain() {
	for i, frame := range g.filling {
		if frame != noFrame {
			g.pool.give(frame, fill)
			g.filling[i] = noFrame
		}
	}
}
