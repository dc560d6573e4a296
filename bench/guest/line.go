package guest

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// newLine returns the two ends of a line: one for this process, and one to hand
// to the virtual machine's. It has no name that others could find it by.
func newLine() (ours net.Conn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a pair of sockets: %w", err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "line of the guest")
	f := os.NewFile(uintptr(fds[0]), "line to the guest")
	defer func() { _ = f.Close() }() // net has a copy
	ours, err = net.FileConn(f)
	if err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("make a connection of a socket: %w", err)
	}
	return ours, theirs, nil
}
