package rawsock

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Errors that functions of this package return or wrap.
var (
	// ErrBusy: the group has a socket on this interface already, and two would
	// each receive every frame.
	ErrBusy = errors.New("this group has it")
	// ErrClosed: the Group has been closed.
	ErrClosed = errors.New("af_packet group is closed")
)

// advice is what an operator can do about an error, by the call that failed.
var advice = []struct {
	call  string
	errno unix.Errno
	todo  string
}{
	{"open socket", unix.EPERM, "needs CAP_NET_RAW"},
	{"open socket", unix.EAFNOSUPPORT, "the kernel is built without CONFIG_PACKET"},
	{"bind", unix.ENODEV, "no such interface in this network namespace"},
	{"ignore outgoing frames", unix.ENOPROTOOPT, "needs Linux 4.20"},
	{"attach filter", unix.EINVAL, "is it a program of type socket filter?"},
	{"join fanout", unix.EINVAL, "another program has a group of this number, or the link is down (before Linux 6.13)"},
	{"join fanout", unix.ENOSPC, "the group is full"},
}

// failed returns err with the call that failed and what to do about it, nil if
// err is nil.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	for _, a := range advice {
		if a.call == call && errors.Is(err, a.errno) {
			return fmt.Errorf("%s: %w (%s)", call, err, a.todo)
		}
	}
	return fmt.Errorf("%s: %w", call, err)
}

// Errors counts errors that end by themselves or are somebody else's to act on:
// the socket works on when they are over.
type Errors struct {
	Again     uint64 // EAGAIN, EINTR: more frames on their way than the socket may have
	NoBuffers uint64 // ENOBUFS, ENOMEM: the queueing discipline dropped the frame, or there is no memory
	NetDown   uint64 // ENETDOWN: the link is administratively down
	NoDevice  uint64 // ENXIO, ENODEV: the interface is gone
	TooLong   uint64 // EMSGSIZE: longer than the MTU, and not to be cut
	Invalid   uint64 // EINVAL: not what its GSO or checksum says, or nothing that a vnet header can say
	Other     uint64 // returned as well, by Recv or Flush
}

// add adds o to e.
func (e *Errors) add(o Errors) {
	e.Again += o.Again
	e.NoBuffers += o.NoBuffers
	e.NetDown += o.NetDown
	e.NoDevice += o.NoDevice
	e.TooLong += o.TooLong
	e.Invalid += o.Invalid
	e.Other += o.Other
}

// errorCounters is Errors as the worker writes it and others read it.
type errorCounters struct {
	again, noBuffers, netDown, noDevice, tooLong, invalid, other atomic.Uint64
}

// count counts err n times, and reports whether it is one to survive.
func (c *errorCounters) count(err error, n int) bool {
	to, survive := &c.other, true
	switch err {
	case unix.EAGAIN, unix.EINTR:
		to = &c.again
	case unix.ENOBUFS, unix.ENOMEM:
		to = &c.noBuffers
	case unix.ENETDOWN:
		to = &c.netDown
	case unix.ENXIO, unix.ENODEV:
		to = &c.noDevice
	case unix.EMSGSIZE:
		to = &c.tooLong
	case unix.EINVAL:
		to = &c.invalid
	default:
		survive = false
	}
	to.Add(uint64(n))
	return survive
}

func (c *errorCounters) load() Errors {
	return Errors{
		Again: c.again.Load(), NoBuffers: c.noBuffers.Load(),
		NetDown: c.netDown.Load(), NoDevice: c.noDevice.Load(),
		TooLong: c.tooLong.Load(), Invalid: c.invalid.Load(), Other: c.other.Load(),
	}
}

// stops reports whether err is about the socket and not about one frame, so
// that the next frame would fare no better.
func stops(err error) bool {
	switch err {
	case unix.EAGAIN, unix.EINTR, unix.ENETDOWN, unix.ENXIO, unix.ENODEV:
		return true
	}
	return false
}
