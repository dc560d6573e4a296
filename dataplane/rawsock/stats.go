package rawsock

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Stats counts what became of a socket's frames since it was opened. Of the
// frames given to Send or Transmit each is in Tx, Invalid or Dropped.
type Stats struct {
	Rx         uint64 // frames received
	Tx         uint64 // frames that the kernel took to send
	Unreadable uint64 // frames that Recv dropped: longer than a frame's room, or to be cut in a way unknown here
	Invalid    uint64 // frames not sent: no Ethernet header, or checksum or headers outside the frame
	Dropped    Errors // frames not sent, by the kernel's reason
	Survived   Errors // errors in receiving
	Overflow   uint64 // frames that found the socket's queue full (PACKET_STATISTICS)
}

// Add adds o to s, for the sum over several sockets.
func (s *Stats) Add(o Stats) {
	s.Rx += o.Rx
	s.Tx += o.Tx
	s.Unreadable += o.Unreadable
	s.Invalid += o.Invalid
	s.Dropped.add(o.Dropped)
	s.Survived.add(o.Survived)
	s.Overflow += o.Overflow
}

// counters is Stats as the worker writes it and others read it.
type counters struct {
	rx, tx, unreadable, invalid atomic.Uint64
	dropped, survived           errorCounters
}

// Stats returns the socket's counters. Any goroutine may call it.
func (s *Socket) Stats() (Stats, error) {
	n := &s.n
	st := Stats{
		Rx: n.rx.Load(), Tx: n.tx.Load(), Unreadable: n.unreadable.Load(), Invalid: n.invalid.Load(),
		Dropped: n.dropped.load(), Survived: n.survived.load(),
	}
	s.fdLock.Lock()
	defer s.fdLock.Unlock()
	err := s.readOverflow()
	st.Overflow = s.overflow
	return st, failed("ask for af_packet statistics", err)
}

// readOverflow brings s.overflow up to date. Reading sets the kernel's counter
// to zero, so that the sum is ours to keep.
func (s *Socket) readOverflow() error {
	if s.fd < 0 {
		return nil
	}
	k, err := unix.GetsockoptTpacketStats(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return err
	}
	s.overflow += uint64(k.Drops)
	return nil
}
