package xsk

import (
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// Recv fills ps from the front with packets that have arrived, and never waits.
// The caller owns them until Send or Release. It also gives the kernel new
// frames to receive into, so that it is worth calling when nothing is expected.
func (s *Socket) Recv(ps []packet.Packet) (n int, err error) {
	if s.g.closed.Load() {
		return 0, ErrClosed
	}
	s.reap()
	// A frame may take several slots.
	if k := s.rx.ready(len(s.rx.slots)); k > 0 {
		for ; k > 0 && n < len(ps); k-- {
			d := s.rx.take()
			if d.Options&unix.XDP_PKT_CONTD != 0 || s.joint.begun {
				if !s.join(d, &ps[n]) {
					continue
				}
			} else {
				s.unpack(d, &ps[n])
			}
			n++
		}
		s.rx.release()
		s.n.rx.Add(uint64(n))
	}
	s.refill()
	return n, s.wakeRx(n == 0)
}

// unpack makes p the frame that d describes.
func (s *Socket) unpack(d unix.XDPDesc, p *packet.Packet) {
	pool := &s.g.pool
	pool.move(d.Addr, fill, held)
	base := pool.base(d.Addr)
	p.Frame, p.In = base, s.port
	p.Reset(s.g.mem.chunk(base), int(d.Addr-base), int(d.Len))
}

// refill puts free frames into the fill ring, as many as there are.
func (s *Socket) refill() {
	n := s.fill.room(len(s.fill.slots))
	if n = min(n, len(s.g.pool.stack)); n == 0 {
		return
	}
	for range n {
		addr, _ := s.g.pool.take(fill)
		s.fill.put(addr)
	}
	s.fill.submit()
}

// wakeRx calls the kernel if it has run out of frames and stopped looking for
// more. With busy polling an idle device is polled here.
func (s *Socket) wakeRx(idle bool) error {
	if !s.fill.needsWakeup() && !(idle && s.g.opts.BusyPoll > 0) {
		return nil
	}
	s.n.kicks.Add(1)
	if err := wakeRx(s.fd); !s.n.survive(err) {
		return failed("wake the receiver", err)
	}
	return nil
}
