package xsk

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"
)

// HasFrags reports whether the kernel has sockets for frames that span several
// buffers (Options.Frags; XDP_USE_SG, Linux 6.6). Whether the driver has them
// turns out when a program that knows of them is attached.
func HasFrags() bool {
	fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	// The kernel looks at flags first: if it knows this one, what it misses is
	// the interface, which there is not.
	err = unix.Bind(fd, &unix.SockaddrXDP{Flags: unix.XDP_USE_SG, Ifindex: math.MaxInt32})
	return errors.Is(err, unix.ENODEV)
}
