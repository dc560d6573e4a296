package xsk

import (
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// maxPieces is how many buffers the kernel lets a frame span in copy mode: one
// of its own, and MAX_SKB_FRAGS, which is 17 or more, less the one it reserves.
const maxPieces = 17

// room returns how long a frame may be that lies in one of the UMEM's.
func (g *Group) room() int { return g.mem.frame - packet.Headroom }

// pieces returns how many frames of the UMEM a frame of n bytes takes.
func (g *Group) pieces(n int) int { return max((n+g.room()-1)/g.room(), 1) }

// Transmit is Send for a packet of another kind of queue, no longer than the
// link takes: it is copied into as many frames as it needs, and stays the
// caller's to release. It reports false if p was dropped, which is counted.
func (s *Socket) Transmit(p *packet.Packet) bool {
	if s.g.closed.Load() {
		return false
	}
	s.reap()
	n := s.g.pieces(p.Len())
	if s.tx.room(n) < n && !s.makeRoom(n) {
		s.n.ringFull.Add(1)
		return false
	}
	if !s.split(p) {
		return false
	}
	s.tx.submit()
	s.n.tx.Add(1)
	return true
}

// split copies p into frames of its own and puts them into the TX ring, which
// has room for them, without submitting them. It takes all the frames it needs
// or, as it reports, none.
func (s *Socket) split(p *packet.Packet) bool {
	n, pool := s.g.pieces(p.Len()), &s.g.pool
	switch {
	case p.Len() < ethernetHeader || n > 1 && !s.g.opts.Frags || n > maxPieces:
		s.n.invalid.Add(1)
		return false
	case len(pool.stack) < n:
		s.n.txNoFrame.Add(1)
		return false
	}
	first := pool.stack[len(pool.stack)-1] // of those that are taken below
	options, ok := s.finish(p, s.g.mem.chunk(first)[:packet.Headroom])
	if !ok {
		s.n.invalid.Add(1)
		return false
	}
	for b := p.Bytes(); len(b) > 0; options = 0 {
		addr, _ := pool.take(sent)
		size := copy(s.g.mem.chunk(addr)[packet.Headroom:], b)
		if b = b[size:]; len(b) > 0 {
			options |= unix.XDP_PKT_CONTD
		}
		s.tx.put(unix.XDPDesc{Addr: addr + packet.Headroom, Len: uint32(size), Options: options})
	}
	return true
}
