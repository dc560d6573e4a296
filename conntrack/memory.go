package conntrack

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The mapping starts with this header, so that a process that finds it can tell
// whether it understands it. All numbers are little-endian 64-bit words: magic,
// layout, seed (4), then per family entries, home lines, lines.
const (
	magic      = 0x3630_7376_6c78 // "xlvs06"
	layout     = 1
	headerSize = 4096
)

// maxConnections keeps an entry's number inside 31 bits of an index slot.
const maxConnections = 100_000_000

// mapMemory reserves the table's one mapping and hands out its parts. Pages
// cost nothing until they are touched.
func (t *Table) mapMemory(n int) error {
	t.v4.plan(n, wordsIPv4)
	t.v6.plan(n, wordsIPv6)
	size := headerSize + t.v4.bytes() + t.v6.bytes()
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("connection table: map %d bytes for %d connections: %w", size, n, err)
	}
	// Random access to many small pages costs a TLB miss each; where huge
	// pages are not to be had the advice is refused and nothing is lost.
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
	t.memory = m
	t.writeHeader()
	rest := t.v4.carve(m[headerSize:])
	t.v6.carve(rest)
	return nil
}

func (t *Table) writeHeader() {
	words := []uint64{
		magic, layout, t.seed[0], t.seed[1], t.seed[2], t.seed[3],
		uint64(t.v4.capacity), uint64(t.v4.home), uint64(t.v4.lineCapacity),
		uint64(t.v6.capacity), uint64(t.v6.home), uint64(t.v6.lineCapacity),
	}
	for i, w := range words {
		binary.LittleEndian.PutUint64(t.memory[8*i:], w)
	}
}

// Close unmaps the table. Nobody may use it afterwards.
func (t *Table) Close() error {
	if t.memory == nil {
		return nil
	}
	m := t.memory
	t.memory = nil
	if err := unix.Munmap(m); err != nil {
		return fmt.Errorf("connection table: unmap: %w", err)
	}
	return nil
}

// plan decides the sizes for n connections of so many words each.
func (f *family) plan(n, words int) {
	const slots = lineSlots * 3 // load 0.75 at the limit
	f.words = words
	f.home = uint32((n*4+slots-1)/slots+shards-1) / shards * shards
	// Beyond the limit: what shards may hold back in their free lists.
	f.capacity = uint32(n + shards*(2*block+1) + block)
	f.lineCapacity = f.home + uint32(n/lineSlots) + shards
}

func (f *family) bytes() int {
	return int(f.lineCapacity)*lineBytes + (int(f.capacity)+1)*f.words*8
}

// carve takes the family's part from the front of m and returns the rest. The
// parts stay 64-byte aligned, as the header and every size is a multiple.
func (f *family) carve(m []byte) []byte {
	lines := int(f.lineCapacity) * lineBytes
	f.lines = unsafe.Slice((*line)(unsafe.Pointer(&m[0])), f.lineCapacity)
	m = m[lines:]
	n := (int(f.capacity) + 1) * f.words
	f.entries = unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), n)
	f.linesUsed = f.home
	return m[n*8:]
}
