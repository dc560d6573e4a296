package xsk

import (
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// ethernetHeader is the least that a frame has: two addresses and a type.
const ethernetHeader = 14

// Send queues ps for transmission on this port and returns how many it took;
// they may have been received on any port of the group. All of ps are given
// away: what the ring has no room for, even after the kernel was called, is
// released and counted. Frames leave with the next Flush at the latest.
func (s *Socket) Send(ps []*packet.Packet) (n int) {
	if s.g.closed.Load() {
		s.g.Release(ps)
		return 0
	}
	s.reap()
	for {
		queued, used := s.queueUp(ps)
		n, ps = n+queued, ps[used:]
		if len(ps) == 0 || !s.makeRoom(s.slots(ps[0])) {
			break
		}
	}
	s.n.tx.Add(uint64(n))
	if len(ps) > 0 {
		s.n.ringFull.Add(uint64(len(ps)))
		s.g.Release(ps)
	}
	return n
}

// queueUp puts packets from the front of ps into the TX ring until one of them
// ends. Of the used, those not queued could not be sent; they are released.
func (s *Socket) queueUp(ps []*packet.Packet) (queued, used int) {
	for room := s.tx.room(len(ps)); used < len(ps) && room > 0; used++ {
		p := ps[used]
		if isLong(p) {
			if n := s.slots(p); s.tx.room(n) < n {
				break
			}
			if s.split(p) {
				queued++
			}
			s.g.release(p)
			room = s.tx.room(len(ps))
			continue
		}
		d, ok := s.describe(p)
		if !ok {
			s.n.invalid.Add(1)
			s.g.release(p)
			continue
		}
		s.g.pool.move(p.Frame, held, sent)
		s.tx.put(d)
		queued++
		room--
	}
	if queued > 0 {
		s.tx.submit()
	}
	return queued, used
}

// slots returns how many slots of the TX ring p takes.
func (s *Socket) slots(p *packet.Packet) int {
	if isLong(p) {
		return s.g.pieces(p.Len())
	}
	return 1
}

// describe returns the descriptor of p. It reports false for frames that the
// kernel would skip, as those it never hands back, and for what is no frame.
func (s *Socket) describe(p *packet.Packet) (d unix.XDPDesc, ok bool) {
	if p.Len() < ethernetHeader || p.Start() < s.g.mem.metadata {
		return d, false
	}
	options, ok := s.finish(p, s.g.mem.chunk(p.Frame)[:p.Start()])
	return unix.XDPDesc{Addr: p.Frame + uint64(p.Start()), Len: uint32(p.Len()), Options: options}, ok
}

// makeRoom reports whether the kernel took frames out of a full TX ring, so that
// it has room for n now.
func (s *Socket) makeRoom(n int) bool {
	if err := s.kick(); err != nil {
		s.flushErr = err
	}
	return s.tx.room(n) >= n
}

// Flush makes the kernel transmit what Send has queued, if it does not do so by
// itself. What stops it for a while (no memory, link down, interface gone) is
// counted, not returned; the frames stay queued until a later Flush or Wait.
func (s *Socket) Flush() error {
	if s.g.closed.Load() {
		return ErrClosed
	}
	err := s.flushErr
	s.flushErr = nil
	if s.tx.pending() > 0 && err == nil {
		err = s.kick()
	}
	return err
}

// kick calls the kernel until the TX ring is empty or it takes no more. In copy
// mode one call sends TxBudget frames at most; in zero-copy mode it only starts
// the driver.
func (s *Socket) kick() error {
	for s.tx.needsWakeup() {
		before := s.tx.pending()
		s.n.kicks.Add(1)
		if err := wakeTx(s.fd); !s.n.survive(err) {
			return failed("transmit", err)
		}
		s.reap() // the kernel sends no more than the completion ring has room for
		if left := s.tx.pending(); s.zeroCopy || left == 0 || left == before {
			return nil
		}
	}
	return nil
}

// reap takes back the frames that have been sent.
func (s *Socket) reap() {
	n := s.done.ready(len(s.done.slots))
	if n == 0 {
		return
	}
	for range n {
		s.g.pool.give(s.done.take(), sent)
	}
	s.done.release()
}
