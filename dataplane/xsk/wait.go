package xsk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
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
			return nil
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
		timeout = atMost(timeout, retry)
	}
	return g.poll(timeout)
}

// Watch has Wait return also when fd becomes readable: a queue of another kind,
// of the same worker. Sockets must all be open by then; fd stays the caller's.
func (g *Group) Watch(fd int) {
	g.polls = append(g.polls, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
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
	err := ppoll(g.polls, timeout)
	if err == nil && g.allBroken() {
		err = ppoll(g.polls, atMost(timeout, backOff))
	}
	for i := range g.sockets {
		g.polls[i+1].Fd = int32(g.sockets[i].fd)
	}
	if g.polls[0].Revents != 0 {
		g.waker.drain()
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

// atMost is the shorter of two timeouts, the first of which may be negative for
// none.
func atMost(timeout, bound time.Duration) time.Duration {
	if timeout < 0 {
		return bound
	}
	return min(timeout, bound)
}

// ppoll is poll(2) with a finer timeout. A signal, such as the Go scheduler
// sends, ends it early.
func ppoll(fds []unix.PollFd, timeout time.Duration) error {
	var ts *unix.Timespec
	if timeout >= 0 {
		v := unix.NsecToTimespec(int64(timeout))
		ts = &v
	}
	_, err := unix.Ppoll(fds, ts, nil)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	return err
}

// Wake ends a Wait that sleeps, or the next one if none does. Any goroutine may
// call it, also after Close.
func (g *Group) Wake() { g.waker.wake() }

// A waker is an eventfd that may be written and closed at the same time.
type waker struct {
	mu sync.Mutex
	fd int // -1 once closed
}

func (w *waker) open() (err error) {
	w.fd, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return failed("open eventfd", err)
}

func (w *waker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd >= 0 {
		var b [8]byte
		binary.NativeEndian.PutUint64(b[:], 1)
		unix.Write(w.fd, b[:]) // it fails when full, and then it is awake already
	}
}

func (w *waker) drain() {
	var b [8]byte
	unix.Read(w.fd, b[:])
}

func (w *waker) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	unix.Close(w.fd)
	w.fd = -1
}
