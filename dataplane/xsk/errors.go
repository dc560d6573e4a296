package xsk

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Errors that the functions of this package wrap, together with the system
// call's own.
var (
	// ErrBusy: another XDP program holds the interface, or another AF_XDP
	// socket the queue. Neither is ever replaced.
	ErrBusy = errors.New("taken by another program")
	// ErrUnsupported: the kernel or the driver cannot do this; packet mode can.
	ErrUnsupported = errors.New("not supported here")
	// ErrNoZeroCopy: the group's first port does zero-copy and this one cannot.
	// A new Group with Options.Copy serves both.
	ErrNoZeroCopy = errors.New("no zero-copy on this port, but on the group's first")
	// ErrClosed: the Group has been closed.
	ErrClosed = errors.New("af_xdp group is closed")
)

// advice is what an operator can do about an error, by the call that failed.
var advice = []struct {
	call  string
	errno unix.Errno
	is    error // sentinel, or nil
	todo  string
}{
	{"open socket", unix.EPERM, nil, "needs CAP_NET_RAW"},
	{"open socket", unix.EAFNOSUPPORT, ErrUnsupported, "the kernel is built without CONFIG_XDP_SOCKETS"},
	{"register umem", unix.ENOBUFS, nil, "locked memory is limited: raise ulimit -l, or LimitMEMLOCK= in the unit"},
	{"register umem", unix.ENOMEM, nil, "not enough memory to lock: raise ulimit -l, or use fewer or smaller rings"},
	{"bind", unix.EPERM, nil, "needs CAP_NET_RAW and CAP_NET_ADMIN"},
	{"bind", unix.EBUSY, ErrBusy, "another AF_XDP socket has this queue: ss --xdp names it"},
	{"bind", unix.EINVAL, nil, "does the interface have this queue? ethtool -l counts them"},
	{"bind", unix.EOPNOTSUPP, ErrUnsupported, "the driver refuses AF_XDP"},
	{"bind", unix.ENODEV, nil, "no such interface in this network namespace"},
	{"attach", unix.EPERM, nil, "needs CAP_NET_ADMIN and CAP_BPF"},
	{"attach", unix.EOPNOTSUPP, ErrUnsupported, "the driver has no native XDP"},
	{"attach", unix.EINVAL, nil, "on a veth, does the peer have more TX queues than this end has RX queues?"},
	{"attach", unix.ERANGE, ErrUnsupported, "the MTU is too large for XDP"},
	{"attach", unix.ENODEV, nil, "no such interface in this network namespace"},
	{"register socket", unix.E2BIG, nil, "the socket map is smaller than the queue's number"},
}

// failed returns err with the call that failed and what to do about it, nil if
// err is nil.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	for _, a := range advice {
		if a.call != call || !errors.Is(err, a.errno) {
			continue
		}
		if a.is != nil {
			return fmt.Errorf("%s: %w: %w (%s)", call, a.is, err, a.todo)
		}
		return fmt.Errorf("%s: %w (%s)", call, err, a.todo)
	}
	return fmt.Errorf("%s: %w", call, err)
}
