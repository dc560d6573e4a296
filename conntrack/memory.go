package conntrack

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The mapping starts with this header, so that a process that finds it can tell
// whether it understands it. All numbers are little-endian 64-bit words: magic,
// layout, seed (4), then entries, home lines and lines by client, home lines and
// lines by local endpoint of each family: connections and templates, IPv4 and IPv6
// of each.
const (
	magic      = 0x3630_7376_6c78 // "xlvs06"
	layout     = 5
	headerSize = 4096
)

// maxConnections keeps an entry's number inside the 30 bits that a ref has for
// it, and the children of one parent inside the 28 bits of their count.
const maxConnections = 100_000_000

// mapMemory reserves the table's one mapping and hands out its parts. Pages
// cost nothing until they are touched.
func (t *Table) mapMemory(n int) error {
	size := headerSize
	for i, f := range t.families() {
		f.plan(n, []int{wordsIPv4, wordsIPv6}[i%2])
		f.kind = []ref{0, refIPv6, refTemplate, refTemplate | refIPv6}[i]
		size += f.bytes()
	}
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("connection table: map %d bytes for %d connections: %w", size, n, err)
	}
	// Random access to many small pages costs a TLB miss each; where huge
	// pages are not to be had the advice is refused and nothing is lost.
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
	t.memory = m
	t.writeHeader()
	rest := m[headerSize:]
	for _, f := range t.families() {
		rest = f.carve(rest)
	}
	return nil
}

func (t *Table) writeHeader() {
	words := []uint64{magic, layout, t.seed[0], t.seed[1], t.seed[2], t.seed[3]}
	for _, f := range t.families() {
		words = append(words, uint64(f.capacity))
		for _, x := range []*index{&f.clients, &f.locals} {
			words = append(words, uint64(x.most)*shards*runLines, uint64(x.total))
		}
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
	f.words = words
	// Beyond the limit: what shards may hold back in their free lists.
	f.capacity = uint32(n + shards*(2*block+1) + block)
	for _, x := range []*index{&f.clients, &f.locals} {
		x.plan(n)
	}
}

// plan decides the sizes for n entries. A shard's home lines reach a load of 0.75
// at the limit, or down to half of that, as they only double.
func (x *index) plan(n int) {
	const slots = shards * runLines * lineSlots * 3 // of a run in every shard: at load 0.75, times 4
	x.most = 1 << bits.Len32(uint32((4*n-1)/slots))
	// To continue them, twice what a chain of all entries takes: it is copied when
	// it moves.
	x.total = shards*runLines*x.most + 2*uint32(n/lineSlots+shards)
}

// bytes returns how large the family's part of the mapping is.
func (f *family) bytes() int {
	size := (int(f.capacity)+1)*f.words*8 + f.deltaWords()*8
	for _, x := range []*index{&f.clients, &f.locals} {
		size += int(x.total) * lineBytes
	}
	return size
}

// deltaWords returns how many words there are for Deltas, an even number of them.
// Templates have none.
func (f *family) deltaWords() int {
	if f.kind&refTemplate != 0 {
		return 0
	}
	return (int(f.capacity) + 2) &^ 1 * deltaWords
}

// carve takes the family's part from the front of m and returns the rest. The
// parts stay 64-byte aligned, as the header and every size is a multiple.
func (f *family) carve(m []byte) []byte {
	for _, x := range []*index{&f.clients, &f.locals} {
		m = x.carve(m)
	}
	n := (int(f.capacity) + 1) * f.words
	f.entries = unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), n)
	m = m[n*8:]
	if n = f.deltaWords(); n > 0 {
		f.deltas = unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), n)
	}
	return m[n*8:]
}

// carve takes the lines from the front of m and returns the rest. They are zero.
func (x *index) carve(m []byte) []byte {
	x.lines = unsafe.Slice((*line)(unsafe.Pointer(&m[0])), x.total)
	x.used = shards * runLines * x.most
	for i := range x.extents {
		x.extents[i].Store(uint64(extentOf(1)))
	}
	return m[int(x.total)*lineBytes:]
}
