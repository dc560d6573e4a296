package conntrack

import (
	"math/bits"
	"sync/atomic"
)

const (
	lineSlots = 7
	lineBytes = 64
)

// A line is one cache line of the index: word 0 is a version (high half) and
// the number of the line that continues this one (low half, 0 for none); the
// rest are slots, each a tag (high half) and an entry's number (low half, 0 for
// an empty slot). A home line's version counts what left its place behind it:
// lines unlinked, slots moved.
type line [lineSlots + 1]uint64

func (l *line) next() uint32      { return uint32(atomic.LoadUint64(&l[0])) }
func (l *line) version() uint32   { return uint32(atomic.LoadUint64(&l[0]) >> 32) }
func (l *line) slot(i int) uint64 { return atomic.LoadUint64(&l[i]) }

// The rest, match aside, is for who holds the shard's lock.

func (l *line) setNext(n uint32)           { atomic.StoreUint64(&l[0], uint64(l.version())<<32|uint64(n)) }
func (l *line) setSlot(i int, slot uint64) { atomic.StoreUint64(&l[i], slot) }

// bump has readers of the chain that begins at l start over.
func (l *line) bump() { atomic.StoreUint64(&l[0], uint64(l.version()+1)<<32|uint64(l.next())) }

// at returns where slot is in l, 0 if it is not there. An empty one is 0.
func (l *line) at(slot uint64) int {
	for i := 1; i <= lineSlots; i++ {
		if l[i] == slot {
			return i
		}
	}
	return 0
}

func (l *line) empty() bool { return *(*[lineSlots]uint64)(l[1:]) == [lineSlots]uint64{} }

// match returns the first slot of l with the tag of h, 0 for none. It looks at
// all of them: where the slot is cannot be predicted, and a branch that goes
// wrong costs more than seven comparisons.
func (l *line) match(h Hash) int {
	found := uint(0)
	for i := lineSlots; i > 0; i-- {
		found <<= 1
		if uint32(l.slot(i)>>32) == uint32(h) {
			found |= 1
		}
	}
	if found == 0 {
		return 0
	}
	return bits.TrailingZeros(found) + 1
}
