package xsk

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// setUp goes the way that the kernel prescribes: memory, rings, frames to
// receive into, bind.
func (s *Socket) setUp(mode Mode) error {
	first := len(s.g.sockets) == 0
	if first {
		if err := s.g.mem.register(s.fd); err != nil {
			return err
		}
	}
	if err := s.makeRings(s.g.opts.Ring); err != nil {
		return err
	}
	if err := s.tune(); err != nil {
		return err
	}
	s.refill()
	bind := s.bindShared
	if first {
		bind = s.bindFirst
	}
	if err := bind(mode); err != nil {
		return err
	}
	return s.readBack()
}

// makeRings sets the size of the four rings and maps them.
func (s *Socket) makeRings(n int) error {
	for _, option := range []int{unix.XDP_UMEM_FILL_RING, unix.XDP_UMEM_COMPLETION_RING, unix.XDP_RX_RING, unix.XDP_TX_RING} {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_XDP, option, n); err != nil {
			return failed("size rings", err)
		}
	}
	var off unix.XDPMmapOffsets
	if err := getOption(s.fd, unix.XDP_MMAP_OFFSETS, &off); err != nil {
		return failed("ask for ring offsets", err)
	}
	fr, err1 := mapRing[uint64](s.fd, unix.XDP_UMEM_PGOFF_FILL_RING, off.Fr, n)
	cr, err2 := mapRing[uint64](s.fd, unix.XDP_UMEM_PGOFF_COMPLETION_RING, off.Cr, n)
	rx, err3 := mapRing[unix.XDPDesc](s.fd, unix.XDP_PGOFF_RX_RING, off.Rx, n)
	tx, err4 := mapRing[unix.XDPDesc](s.fd, unix.XDP_PGOFF_TX_RING, off.Tx, n)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		fr.unmap()
		cr.unmap()
		rx.unmap()
		tx.unmap()
		return err
	}
	s.fill, s.done, s.rx, s.tx = newProducer(fr), newConsumer(cr), newConsumer(rx), newProducer(tx)
	return nil
}

// tune sets what makes the socket faster and may be missing in the kernel, and
// what the caller asked for and may not.
func (s *Socket) tune() error {
	// A kernel without this option transmits 32 frames in a system call, and
	// one with it refuses less than that: neither is a reason to stop.
	unix.SetsockoptInt(s.fd, unix.SOL_XDP, unix.XDP_MAX_TX_SKB_BUDGET, min(s.g.opts.TxBudget, s.g.opts.Ring))
	if s.g.opts.BusyPoll == 0 {
		return nil
	}
	for _, o := range []struct{ option, value int }{
		{unix.SO_PREFER_BUSY_POLL, 1},
		{unix.SO_BUSY_POLL, int(max(s.g.opts.BusyPoll.Microseconds(), 1))},
		{unix.SO_BUSY_POLL_BUDGET, 64}, // NAPI's own weight
	} {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o.option, o.value); err != nil {
			return failed("set busy polling", err)
		}
	}
	return nil
}

// bindFirst binds the socket that brings the memory. Without XDP_COPY and
// XDP_ZEROCOPY the kernel tries zero-copy and falls back by itself.
func (s *Socket) bindFirst(mode Mode) error {
	addr := &unix.SockaddrXDP{Flags: unix.XDP_USE_NEED_WAKEUP, Ifindex: uint32(s.ifindex), QueueID: uint32(s.queue)}
	if mode == Generic || s.g.opts.Copy {
		addr.Flags |= unix.XDP_COPY
	}
	if s.g.opts.Frags {
		addr.Flags |= unix.XDP_USE_SG
	}
	return failed("bind", s.bind(addr))
}

// settle bounds how long a queue that is taken is waited for.
const settle = 2 * time.Second

// bind binds the socket. The kernel frees the queue of a socket that was closed,
// or whose process was killed, some time later: a queue that is taken may be
// free in a moment.
func (s *Socket) bind(addr *unix.SockaddrXDP) error {
	for end := time.Now().Add(settle); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Bind(s.fd, addr)
		if !errors.Is(err, unix.EBUSY) || time.Now().After(end) {
			return err
		}
	}
}

// readBack learns whether the kernel chose zero-copy.
func (s *Socket) readBack() error {
	var options uint32
	if err := getOption(s.fd, unix.XDP_OPTIONS, &options); err != nil {
		return failed("ask for zero-copy", err)
	}
	s.zeroCopy = options&unix.XDP_OPTIONS_ZEROCOPY != 0
	// Zero-copy drivers need not know TX metadata; copy mode always does.
	s.offload = s.g.mem.metadata > 0 && !s.zeroCopy
	return nil
}

// bindShared binds a socket to the memory of another one of the group, which
// must itself still be bound: one whose interface is gone gives EBADF. No other
// flag is allowed: wakeup, zero-copy and frames of several buffers are inherited.
func (s *Socket) bindShared(mode Mode) error {
	zeroCopy := s.g.sockets[0].zeroCopy
	if zeroCopy && mode == Generic {
		return fmt.Errorf("bind: %w", ErrNoZeroCopy)
	}
	var err error
	for _, other := range s.g.sockets {
		err = s.bind(&unix.SockaddrXDP{
			Flags: unix.XDP_SHARED_UMEM, SharedUmemFD: uint32(other.fd),
			Ifindex: uint32(s.ifindex), QueueID: uint32(s.queue),
		})
		if !errors.Is(err, unix.EBADF) {
			break
		}
	}
	if zeroCopy && errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("bind: %w: %w", ErrNoZeroCopy, err)
	}
	return failed("bind", err)
}
