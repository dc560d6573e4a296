package rawsock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
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
		polls, timeout = polls[:1], atMost(timeout, retry)
	}
	err := ppoll(polls, timeout)
	if g.closed.Load() {
		return ErrClosed
	}
	if err != nil {
		return fmt.Errorf("wait for packets: %w", err)
	}
	if polls[0].Revents != 0 {
		g.waker.drain()
	}
	for i := range min(len(polls)-1, len(g.sockets)) {
		if polls[i+1].Revents&unix.POLLERR != 0 {
			g.sockets[i].settle()
		}
	}
	return nil
}

// Watch has Wait return also when fd becomes readable: a queue of another kind,
// of the same worker. Sockets must all be open by then; fd stays the caller's.
func (g *Group) Watch(fd int) {
	g.polls = append(g.polls, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
}

// settle takes the error that the socket has to tell, so that poll does not
// return for it again. The kernel tells once that a link went down or away.
func (s *Socket) settle() {
	errno, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		s.n.survived.count(unix.Errno(errno), 1)
	}
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
	for i := range fds {
		fds[i].Revents = 0 // which a call that ends early leaves alone
	}
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
