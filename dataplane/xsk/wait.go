package xsk

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/poll"
)

const (
	// retry is how long Wait sleeps at most while the group is unsettled.
	retry = time.Millisecond
	// backOff is how long Wait leaves broken sockets alone: poll would return
	// at once for them, again and again.
	backOff = 10 * time.Millisecond
)

// Wait sleeps until a packet may have arrived, timeout has passed, or Wake is
// called; it may also return early for no reason. A negative timeout is none.
// It returns ErrClosed once the group is closed.
func (g *Group) Wait(timeout time.Duration) error {
	g.sleep.Lock()
	defer g.sleep.Unlock()
	if g.closed.Load() {
		return ErrClosed
	}
	for _, s := range g.sockets {
		if s.rx.ready(1) > 0 {
			if len(g.found) == 0 {
				return nil
			}
			return g.poll(0)
		}
		// Frames that were released since Recv must not sit in the pool while
		// the kernel waits for some to receive into.
		s.reap()
		s.refill()
		if err := s.Flush(); err != nil {
			return fmt.Errorf("wait for packets on port %d: %w", s.port, err)
		}
	}
	if g.unsettled() {
		timeout = poll.AtMost(timeout, retry)
	}
	return g.poll(timeout)
}

// Watch has Wait return also when fd is readable, and say so: a queue of another
// kind, of the same worker. Sockets must all be open by then; fd stays the caller's.
func (g *Group) Watch(fd int, readable *bool) {
	g.polls = append(g.polls, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	g.found = append(g.found, readable)
}

// unsettled reports whether something is going on that poll does not tell of:
// frames in a TX ring, which copy mode sends only while somebody calls, or no
// free frame, so that the next one comes back through a completion ring.
func (g *Group) unsettled() bool {
	for _, s := range g.sockets {
		if s.tx.pending() > 0 {
			return true
		}
	}
	return len(g.pool.stack) == 0
}

// poll sleeps in poll(2), which also drives what need_wakeup asks for.
func (g *Group) poll(timeout time.Duration) error {
	err := poll.Wait(g.polls, timeout)
	if err == nil && g.allBroken() {
		err = poll.Wait(g.polls, poll.AtMost(timeout, backOff))
	}
	for i := range g.sockets {
		g.polls[i+1].Fd = int32(g.sockets[i].fd)
	}
	poll.Tell(g.polls[len(g.sockets)+1:], g.found)
	if g.polls[0].Revents != 0 {
		g.waker.Drain()
	}
	if g.closed.Load() {
		return ErrClosed
	}
	if err != nil {
		return fmt.Errorf("wait for packets: %w", err)
	}
	return nil
}

// allBroken reports whether poll returned for nothing but broken sockets. These
// are masked, so that the next poll sleeps on the others.
func (g *Group) allBroken() bool {
	broken, good := 0, int(g.polls[0].Revents)
	for i, s := range g.sockets {
		p := &g.polls[i+1]
		if p.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
			s.n.pollErrs.Add(1)
			p.Fd = -1 // poll ignores it
			broken++
		} else if p.Revents != 0 {
			good++
		}
	}
	for _, p := range g.polls[len(g.sockets)+1:] {
		good += int(p.Revents)
	}
	return broken > 0 && good == 0
}

// Wake ends a Wait that sleeps, or the next one if none does. Any goroutine may
// call it, also after Close.
func (g *Group) Wake() { g.waker.Wake() }
