package xsk

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Stats counts what became of a socket's frames since it was opened.
type Stats struct {
	Rx       uint64   // frames received
	Tx       uint64   // frames queued to be sent
	RingFull uint64   // frames that Send or Transmit dropped because the TX ring was full
	Invalid  uint64   // likewise: no header, no headroom, checksum outside the frame, too long
	NoBuffer uint64   // frames over several buffers that Recv dropped: none was free to join them in, or long enough
	NoFrame  uint64   // frames that Send or Transmit dropped: too few were free to copy them into
	Kicks    uint64   // system calls to wake the kernel
	Survived Survived // errors of those calls
	PollErrs uint64   // times that poll found the socket broken

	Kernel unix.XDPStatistics // the kernel's own counters (XDP_STATISTICS)
}

// Add adds o to s, for the sum over several sockets.
func (s *Stats) Add(o Stats) {
	s.Rx += o.Rx
	s.Tx += o.Tx
	s.RingFull += o.RingFull
	s.Invalid += o.Invalid
	s.NoBuffer += o.NoBuffer
	s.NoFrame += o.NoFrame
	s.Kicks += o.Kicks
	s.PollErrs += o.PollErrs
	s.Survived.Again += o.Survived.Again
	s.Survived.Busy += o.Survived.Busy
	s.Survived.NoBuffers += o.Survived.NoBuffers
	s.Survived.NetDown += o.Survived.NetDown
	s.Survived.NoDevice += o.Survived.NoDevice
	s.Kernel.Rx_dropped += o.Kernel.Rx_dropped
	s.Kernel.Rx_invalid_descs += o.Kernel.Rx_invalid_descs
	s.Kernel.Tx_invalid_descs += o.Kernel.Tx_invalid_descs
	s.Kernel.Rx_ring_full += o.Kernel.Rx_ring_full
	s.Kernel.Rx_fill_ring_empty_descs += o.Kernel.Rx_fill_ring_empty_descs
	s.Kernel.Tx_ring_empty_descs += o.Kernel.Tx_ring_empty_descs
}

// Survived counts errors that end by themselves or are somebody else's to act
// on: the socket works on when they are over.
type Survived struct {
	Again     uint64 // EAGAIN, EINTR: more to do than one call does
	Busy      uint64 // EBUSY: the device dropped a frame
	NoBuffers uint64 // ENOBUFS, ENOMEM
	NetDown   uint64 // ENETDOWN: the link is administratively down
	NoDevice  uint64 // ENXIO, ENODEV: the interface is gone or being reset
}

// counters is Stats as the worker writes it and others read it.
type counters struct {
	rx, tx, ringFull, invalid, kicks, pollErrs atomic.Uint64
	rxNoBuffer, txNoFrame                      atomic.Uint64
	again, busy, noBuffers, netDown, noDevice  atomic.Uint64
}

// survive counts err and reports whether the socket goes on in spite of it.
func (c *counters) survive(err error) bool {
	switch err {
	case nil:
	case unix.EAGAIN, unix.EINTR:
		c.again.Add(1)
	case unix.EBUSY:
		c.busy.Add(1)
	case unix.ENOBUFS, unix.ENOMEM:
		c.noBuffers.Add(1)
	case unix.ENETDOWN:
		c.netDown.Add(1)
	case unix.ENXIO, unix.ENODEV:
		c.noDevice.Add(1)
	default:
		return false
	}
	return true
}

// Stats returns the socket's counters; the kernel's are zero once the group is
// closed. Any goroutine may call it.
func (s *Socket) Stats() (Stats, error) {
	n := &s.n
	st := Stats{
		Rx: n.rx.Load(), Tx: n.tx.Load(),
		RingFull: n.ringFull.Load(), Invalid: n.invalid.Load(),
		NoBuffer: n.rxNoBuffer.Load(), NoFrame: n.txNoFrame.Load(),
		Kicks: n.kicks.Load(), PollErrs: n.pollErrs.Load(),
		Survived: Survived{
			Again: n.again.Load(), Busy: n.busy.Load(), NoBuffers: n.noBuffers.Load(),
			NetDown: n.netDown.Load(), NoDevice: n.noDevice.Load(),
		},
	}
	s.fdLock.Lock()
	defer s.fdLock.Unlock()
	if s.fd < 0 {
		return st, nil
	}
	err := getOption(s.fd, unix.XDP_STATISTICS, &st.Kernel)
	if errors.Is(err, unix.ENXIO) {
		err = nil
	}
	return st, failed("ask for af_xdp statistics", err)
}
