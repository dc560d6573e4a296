package xsk

import (
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// A joint is a frame of which some pieces have arrived. The last may come with
// a later Recv.
type joint struct {
	begun bool
	lost  bool   // there was no buffer, or it is too small: the rest is skipped
	frame uint64 // the long buffer
	len   int
}

// join adds the piece that d describes to the frame that it belongs to, and
// gives the piece's own frame back. With the last piece it makes p the packet,
// and reports true; a frame that found no place is counted instead.
func (s *Socket) join(d unix.XDPDesc, p *packet.Packet) bool {
	j := &s.joint
	if !j.begun {
		frame, ok := s.g.long.take(fill)
		*j = joint{begun: true, lost: !ok, frame: frame}
	}
	if !j.lost {
		s.add(d)
	}
	s.g.pool.give(d.Addr, fill)
	if d.Options&unix.XDP_PKT_CONTD != 0 {
		return false
	}
	j.begun = false
	if j.lost {
		s.n.rxNoBuffer.Add(1)
		return false
	}
	s.g.long.move(j.frame, fill, held)
	p.Frame, p.In = j.frame, s.port
	p.Reset(s.g.long.buffer(j.frame), packet.Headroom, j.len)
	return true
}

// add copies a piece behind those before it, if it fits there.
func (s *Socket) add(d unix.XDPDesc) {
	j := &s.joint
	room := s.g.long.buffer(j.frame)[packet.Headroom+j.len:]
	if int(d.Len) > len(room) {
		s.g.long.give(j.frame, fill)
		j.lost = true
		return
	}
	j.len += copy(room, s.g.mem.mem[d.Addr:d.Addr+uint64(d.Len)])
}
