// Package poll sleeps until one of several queues has something, or until
// somebody wakes the sleeper.
//
// It is poll(2) and an eventfd, for the kinds of queues that a worker waits for.
// What it means that a descriptor is ready, and what to do about one that is
// broken, is for the queue to know.
package poll

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Wait is poll(2) with a finer timeout, of which a negative one is none. A
// signal, such as the Go scheduler sends, ends it early, with nothing ready.
func Wait(fds []unix.PollFd, timeout time.Duration) error {
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

// Tell sets the flag of each of fds that has something, be it an error.
func Tell(fds []unix.PollFd, flags []*bool) {
	for i := range flags {
		if fds[i].Revents != 0 {
			*flags[i] = true
		}
	}
}

// AtMost is the shorter of two timeouts, the first of which may be negative for
// none.
func AtMost(timeout, bound time.Duration) time.Duration {
	if timeout < 0 {
		return bound
	}
	return min(timeout, bound)
}

// A Waker is an eventfd that may be written and closed at the same time.
type Waker struct {
	mu sync.Mutex
	fd int // -1 once closed
}

// Open makes w ready to be waited for.
func (w *Waker) Open() (err error) {
	if w.fd, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return fmt.Errorf("open eventfd: %w", err)
	}
	return nil
}

// PollFd returns what Wait is to look at.
func (w *Waker) PollFd() unix.PollFd { return unix.PollFd{Fd: int32(w.fd), Events: unix.POLLIN} }

// Wake ends a Wait that sleeps, or the next one. Any goroutine may call it, also
// after Close.
func (w *Waker) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fd >= 0 {
		var b [8]byte
		binary.NativeEndian.PutUint64(b[:], 1)
		unix.Write(w.fd, b[:]) // it fails when full, and then it is awake already
	}
}

// Drain has the next Wait sleep again.
func (w *Waker) Drain() {
	var b [8]byte
	unix.Read(w.fd, b[:])
}

// Close closes the eventfd. Nobody may wait for it any more.
func (w *Waker) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	unix.Close(w.fd)
	w.fd = -1
}
