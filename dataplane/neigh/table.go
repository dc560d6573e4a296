package neigh

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"xlvs/lvs"
)

// maxHops is how many numbers a HopID has room for.
const maxHops = 0xffff

// A hopKey is what makes two hops one.
type hopKey struct {
	neighbour lvs.Addr
	source    lvs.Addr // the route's; zero leaves the choice to the addresses
	mtu       uint32   // the route's
	exit
	via bool // the neighbour is a gateway
	v4  bool // of the packets, not of the neighbour
}

func keyOf(w *way, dst lvs.Addr) hopKey {
	k := hopKey{neighbour: dst, source: w.source, mtu: w.mtu, exit: w.exit, v4: dst.Is4()}
	switch {
	case !w.gateway.IsZero():
		k.neighbour, k.via = w.gateway, true
	case w.raw: // one hop for all: nobody is resolved
		k.neighbour = lvs.Addr{}
	}
	return k
}

// An entry is a numbered hop and what is known about asking for it.
type entry struct {
	key    hopKey
	number uint16

	hop    atomic.Pointer[Hop]
	seen   atomic.Uint32 // epoch in which Route last led here
	asking atomic.Bool   // asked about, or failed too lately to ask again
	kept   atomic.Bool   // the neighbour shall stay alive without traffic

	// Guarded by Mirror.mu.
	on        neighbour // the kernel's name for key.neighbour, on interface 0 if that is gone
	forgotten bool      // by a sweep, which has yet to give its number back
	failed    bool
	deadline  time.Time // while in Mirror.waiting: the end of waiting, or of failing
}

// A table holds the hops, by number and by key. Readers take no lock; whoever
// changes it holds Mirror.mu.
type table struct {
	seed  [2]uint64
	index atomic.Pointer[index]
	byNum []atomic.Pointer[entry]
	used  int      // numbers ever given, those of fixedHops included
	free  []uint16 // numbers given back
}

// An index is open addressing with linear probing over numbers of hops, 0 for an
// empty slot. Its length is a power of two, at least twice the number of hops.
// Nothing is ever removed: the table gets a new index.
type index []atomic.Uint32

func newTable(room int) *table {
	t := &table{
		seed:  [2]uint64{rand.Uint64(), rand.Uint64()},
		byNum: make([]atomic.Pointer[entry], max(room, firstHop)+1),
	}
	for ; t.used < firstHop; t.used++ {
		e := &entry{number: uint16(t.used)}
		e.hop.Store(&fixedHops[t.used])
		t.byNum[t.used].Store(e)
	}
	t.index.Store(t.newIndex())
	return t
}

func (t *table) newIndex() *index {
	ix := make(index, 1<<bits.Len(uint(2*len(t.byNum)-1)))
	return &ix
}

// entry returns the entry of a number, nil if there is none.
func (t *table) entry(number uint16) *entry {
	if int(number) >= len(t.byNum) {
		return nil
	}
	return t.byNum[number].Load()
}

// find returns the entry of k, nil if there is none.
func (t *table) find(k *hopKey) *entry {
	ix := *t.index.Load()
	for i := t.hash(k); ; i++ {
		n := ix[i&uint64(len(ix)-1)].Load()
		if n == 0 {
			return nil
		}
		if e := t.byNum[n].Load(); e != nil && e.key == *k {
			return e
		}
	}
}

// add gives e a number and makes it known. It reports false if all are taken.
func (t *table) add(e *entry) bool {
	switch {
	case len(t.free) > 0:
		e.number = t.free[len(t.free)-1]
		t.free = t.free[:len(t.free)-1]
	case t.used < len(t.byNum):
		e.number = uint16(t.used)
		t.used++
	default:
		return false
	}
	t.byNum[e.number].Store(e) // before a reader can learn the number
	t.put(t.index.Load(), e)
	return true
}

func (t *table) put(ix *index, e *entry) {
	for i := t.hash(&e.key); ; i++ {
		if slot := &(*ix)[i&uint64(len(*ix)-1)]; slot.Load() == 0 {
			slot.Store(uint32(e.number))
			return
		}
	}
}

// hash mixes k with the seed, so that nobody outside can choose what collides.
func (t *table) hash(k *hopKey) uint64 {
	h := mix(k.neighbour.Hi^t.seed[0], k.neighbour.Lo^t.seed[1])
	h = mix(h^k.source.Hi, t.seed[0]^k.source.Lo)
	rest := uint64(k.mtu)<<32 | uint64(k.port)<<2
	if k.via {
		rest |= 1
	}
	if k.v4 {
		rest |= 2
	}
	tags := uint64(k.tags.ID[0])<<16 | uint64(k.tags.ID[1])
	return mix(h^rest, t.seed[1]^tags)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// all calls f with every entry that has a neighbour.
func (t *table) all(f func(*entry)) {
	for i := firstHop; i < t.used; i++ {
		if e := t.byNum[i].Load(); e != nil {
			f(e)
		}
	}
}
