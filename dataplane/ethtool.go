package dataplane

import (
	"fmt"
	"unsafe" // for the one ioctl that tells a device's queues

	"golang.org/x/sys/unix"
)

// receiveQueues asks the driver how many receive queues are in use
// (ETHTOOL_GCHANNELS). Drivers that do not know have one.
func receiveQueues(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(fd)
	// struct ethtool_channels; the four counts in use come last.
	channels := struct {
		cmd                                uint32
		_                                  [4]uint32
		receive, transmit, other, combined uint32
	}{cmd: unix.ETHTOOL_GCHANNELS}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&channels)}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	switch {
	case errno == unix.EOPNOTSUPP:
		return 1, nil
	case errno != 0:
		return 0, fmt.Errorf("ask for queues: %w", errno)
	}
	return max(int(channels.receive+channels.combined), 1), nil
}
