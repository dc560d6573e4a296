package neigh

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// How follow spends its time. Changes come in bursts: it waits a little before
// it reads, and after a long reading longer, so that readings of a large table
// that never rests take a fifth of a core at most.
const (
	beat     = 250 * time.Millisecond
	settling = 10 * time.Millisecond
	restFor  = 4                // times the work of the last reading
	round    = 30 * time.Second // reminders, and a reading in case a change was not announced
)

// follow reads again when the bell rang, asks the kernel for neighbours, and
// minds the deadlines.
func (m *Mirror) follow() {
	defer m.tasks.Done()
	beats, rounds := time.NewTicker(beat), time.NewTicker(round)
	defer beats.Stop()
	defer rounds.Stop()
	var due <-chan time.Time // of the next reading; nil while nothing changes
	var cost time.Duration   // processor time of the last reading
	var sw sweep
	for {
		select {
		case <-m.done:
			return
		case <-m.bell:
			if due == nil {
				due = time.After(max(settling, restFor*cost))
			}
		case <-due:
			due = nil
			cost = busy(m.reload)
		case e := <-m.asks:
			m.request(e, time.Now())
		case <-m.full:
			m.begin(&sw, time.Now())
		case now := <-beats.C:
			m.expire(now)
			m.advance(&sw, now)
		case <-rounds.C:
			m.remind()
			m.ring()
		}
	}
}

// busy returns for how long f has kept a processor busy. Readings may wait longer
// for the kernel's lock on all interfaces, while others change theirs: that is no
// reason to learn of the next change late.
func busy(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	f()
	return threadTime() - before
}

// threadTime returns the processor time that the calling thread has had.
func threadTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) // fails for unknown clocks alone
	return time.Duration(ts.Nano())
}

// emptied is how long the socket must be silent to be taken for empty.
const emptied = time.Millisecond

// listen hears the kernel's notifications until Close. After an overrun
// (ENOBUFS) the kernel drops more of them, and does not say so, until the socket
// was once empty: only then is it of use to read everything again.
func (m *Mirror) listen() {
	defer m.tasks.Done()
	lost := false
	for {
		msgs, from, err := m.news.Receive()
		switch {
		case err == nil:
			if from.Pid == nl.PidKernel {
				m.hear(msgs, time.Now())
			}
		case m.closed():
			return
		case lost && errors.Is(err, unix.EAGAIN):
			lost = !m.catchUp()
		default:
			lost = true
			m.overrun(err)
		}
	}
}

// hear takes over what msgs say of neighbours, and rings the bell for the rest.
func (m *Mirror) hear(msgs []syscall.NetlinkMessage, now time.Time) {
	var changed, ring bool
	m.mu.Lock()
	for i := range msgs {
		switch typ := msgs[i].Header.Type; typ {
		case unix.RTM_NEWNEIGH, unix.RTM_DELNEIGH:
			if len(msgs[i].Data) < unix.SizeofNdMsg {
				continue
			}
			if k, err := netlink.NeighDeserialize(msgs[i].Data); err == nil {
				changed = m.learn(k, typ == unix.RTM_DELNEIGH, now) || changed
			}
		default:
			ring = true
		}
	}
	m.mu.Unlock()
	if ring {
		m.ring()
	}
	m.notify(changed)
}

// overrun makes Receive return when the socket is empty.
func (m *Mirror) overrun(cause error) {
	m.wait(emptied)
	if !errors.Is(cause, unix.ENOBUFS) {
		m.warn(fmt.Errorf("receive rtnetlink notification: %w", cause))
		m.pause(beat) // whatever it is, it must not become a busy loop
	}
}

// catchUp has everything read again, and reports whether that went well.
func (m *Mirror) catchUp() bool {
	m.ring()
	if err := m.readNeighbours(); err != nil {
		m.warn(err)
		m.pause(beat)
		return false
	}
	m.wait(0)
	return true
}

// wait sets how long Receive waits for a notification; 0 is for ever.
func (m *Mirror) wait(d time.Duration) {
	tv := unix.NsecToTimeval(d.Nanoseconds())
	_ = m.news.SetReceiveTimeout(&tv) // only stores it
}

// pause waits for d, or for Close.
func (m *Mirror) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-m.done:
	}
}

func (m *Mirror) closed() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

func (m *Mirror) ring() {
	select {
	case m.bell <- struct{}{}:
	default: // it rings already
	}
}

func (m *Mirror) notify(changed bool) {
	if changed && m.opts.Notify != nil {
		m.opts.Notify()
	}
}

func (m *Mirror) warn(err error) {
	if m.opts.Warn != nil {
		m.opts.Warn(err)
	}
}
