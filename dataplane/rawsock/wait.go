package rawsock

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/poll"
)

// retry is how long Wait sleeps at most while every frame is held: poll would
// return at once for what cannot be received.
const retry = time.Millisecond

// Wait sleeps until a packet may have arrived, timeout has passed, or Wake is
// called; it may also return early for no reason. A negative timeout is none.
// It returns ErrClosed once the group is closed.
func (g *Group) Wait(timeout time.Duration) error {
	g.sleep.Lock()
	defer g.sleep.Unlock()
	if g.closed.Load() {
		return ErrClosed
	}
	polls := g.polls
	if g.starved() {
		polls, timeout = polls[:1], poll.AtMost(timeout, retry)
	}
	err := poll.Wait(polls, timeout)
	if g.closed.Load() {
		return ErrClosed
	}
	if err != nil {
		return fmt.Errorf("wait for packets: %w", err)
	}
	if polls[0].Revents != 0 {
		g.waker.Drain()
	}
	poll.Tell(polls[1:], g.found[:len(polls)-1])
	for i := range min(len(polls)-1, len(g.sockets)) {
		if polls[i+1].Revents&unix.POLLERR != 0 {
			g.sockets[i].settle()
		}
	}
	return nil
}

// Watch has Wait return also when fd is readable, and say so: a queue of another
// kind, of the same worker. Sockets must all be open by then; fd stays the caller's.
func (g *Group) Watch(fd int, readable *bool) {
	g.polls = append(g.polls, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	g.found = append(g.found, readable)
}

// settle takes the error that the socket has to tell, so that poll does not
// return for it again. The kernel tells once that a link went down or away.
func (s *Socket) settle() {
	errno, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		s.n.survived.count(unix.Errno(errno), 1)
	}
}

// Wake ends a Wait that sleeps, or the next one if none does. Any goroutine may
// call it, also after Close.
func (g *Group) Wake() { g.waker.Wake() }
