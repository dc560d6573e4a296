package xsk

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// getOption reads the AF_XDP option into v, a struct of the kernel's.
func getOption[T any](fd, option int, v *T) error {
	size := uint32(unsafe.Sizeof(*v))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_XDP, uintptr(option),
		uintptr(unsafe.Pointer(v)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// setOption sets the AF_XDP option to v, a struct of the kernel's.
func setOption[T any](fd, option int, v *T) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_XDP, uintptr(option),
		uintptr(unsafe.Pointer(v)), unsafe.Sizeof(*v), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// wakeTx makes the kernel look at the TX ring. It allocates nothing.
func wakeTx(fd int) error { return unix.Sendto(fd, nil, unix.MSG_DONTWAIT, nil) }

// wakeRx makes the kernel look at the fill ring, and poll the device where busy
// polling is on. unix.Recvfrom would allocate an address each time.
func wakeRx(fd int) error {
	_, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), 0, 0, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
