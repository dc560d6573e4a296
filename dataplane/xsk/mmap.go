package xsk

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file and sockopt.go are where the package uses unsafe: the kernel tells
// at which offset of a mapping each word of a ring lies.

// mapRing maps the ring of n slots that lies at page offset at of fd.
func mapRing[T slot](fd int, at int64, off unix.XDPRingOffset, n int) (ring[T], error) {
	var one T
	size := int(off.Desc) + n*int(unsafe.Sizeof(one))
	mem, err := unix.Mmap(fd, at, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return ring[T]{}, fmt.Errorf("map ring: %w", err)
	}
	word := func(o uint64) *uint32 { return (*uint32)(unsafe.Pointer(&mem[o])) }
	return ring[T]{
		producer: word(off.Producer),
		consumer: word(off.Consumer),
		flags:    word(off.Flags),
		slots:    unsafe.Slice((*T)(unsafe.Pointer(&mem[off.Desc])), n),
		mem:      mem,
	}, nil
}

// unmap ends the life of the ring. A ring that was never mapped is fine.
func (r *ring[T]) unmap() {
	if r.mem != nil {
		unix.Munmap(r.mem) // fails only for memory that is no mapping
		*r = ring[T]{}
	}
}

// addressOf returns where b lies, for a kernel that wants to know.
func addressOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
