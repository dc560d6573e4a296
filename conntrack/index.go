package conntrack

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// An index leads from a hash to the entries with it. Every shard has home lines
// of its own, as many as its entries need at the time, in runs that grow adds; run
// r of shard s is run r*shards+s, so that what is in use lies together, and few
// connections take few cache lines and pages. A full home line goes on in others.
//
// Who looks for an entry holds no lock; who changes anything holds the shard's.
type index struct {
	lines []line // home lines, then those that continue them
	total uint32 // of them
	most  uint32 // runs that a shard may have, a power of two

	extents [shards]atomic.Uint64 // of type extent
	_       [64]byte              // what every packet reads is above, what inserts write below

	sync.Mutex        // guards the lines that continue others
	used       uint32 // lines handed out for the first time, after the home lines
	free       uint32 // first of those given back, chained by next
	counts     [shards]slotCount
}

// A slotCount is how many slots of a shard are in use, on a cache line of its own.
type slotCount struct {
	slots uint32
	_     [60]byte
}

// A run is as many lines as are split at once.
const (
	runLines = 1 << runBits
	runBits  = 2
)

// An extent is how many runs a shard has (low half), and as a mask how many bits
// their numbers (high half).
type extent uint64

func extentOf(runs uint32) extent {
	return extent(1<<bits.Len32(runs-1)-1)<<32 | extent(runs)
}

func (e extent) runs() uint32 { return uint32(e) }

// run returns to which of the shard's runs h leads. Where none has that number
// yet, the one without its highest bit still has to be split.
func (e extent) run(h Hash) uint32 {
	r := uint32(h) >> runBits & uint32(e>>32)
	if r >= e.runs() {
		r &= uint32(e >> 33)
	}
	return r
}

// home returns the line at which the chain of h begins for now.
func (x *index) home(h Hash) *line { return &x.lines[x.number(h)] }

// number returns which line that is.
func (x *index) number(h Hash) uint32 {
	s := h.shard()
	r := extent(x.extents[s].Load()).run(h)
	return (r<<shardBits|s)<<runBits | uint32(h)%runLines
}

// moved reports whether a reader of the chain that began at home, when that had
// this version, may have missed what h leads to.
func (x *index) moved(h Hash, home *line, version uint32) bool {
	return home.version() != version || x.home(h) != home
}

// run returns the lines of run r of a shard.
func (x *index) run(r, shard uint32) *[runLines]line {
	return (*[runLines]line)(x.lines[(r<<shardBits|shard)<<runBits:])
}

// link puts entry n where h leads. It reports false if there is no line left.
func (x *index) link(h Hash, n uint32) bool {
	if x.put(x.home(h), h.slot(n)) == nil {
		return false
	}
	x.counts[h.shard()].slots++
	x.grow(h.shard())
	return true
}

// put stores slot in the first place that is free from l on. It returns the line
// where that is, nil if there is none left.
func (x *index) put(l *line, slot uint64) *line {
	for {
		if i := l.at(0); i != 0 {
			l.setSlot(i, slot)
			return l
		}
		next := l.next()
		if next == 0 {
			break
		}
		l = &x.lines[next]
	}
	number := x.take()
	if number == 0 {
		return nil
	}
	next := &x.lines[number]
	next.setSlot(1, slot)
	l.setNext(number)
	return next
}

// unlink takes entry n, which is there, from where h leads.
func (x *index) unlink(h Hash, n uint32) {
	home, slot := x.home(h), h.slot(n)
	before, l := (*line)(nil), home
	for l.at(slot) == 0 {
		before, l = l, &x.lines[l.next()]
	}
	l.setSlot(l.at(slot), 0)
	if before != nil && l.empty() {
		x.drop(home, before)
	}
	x.counts[h.shard()].slots--
}

// drop takes the empty line that continues before out of the chain that begins
// at home. A reader that stands on it may wander into another chain when the line
// is used again; the home line's new version tells it to start over.
func (x *index) drop(home, before *line) {
	number := before.next()
	l := &x.lines[number]
	before.setNext(l.next())
	home.bump()
	x.Lock()
	l.setNext(x.free)
	x.free = number
	x.Unlock()
}

// take returns an empty line that continues nothing yet, 0 if there is none.
func (x *index) take() uint32 {
	x.Lock()
	defer x.Unlock()
	n := x.free
	switch {
	case n != 0:
		x.free = x.lines[n].next()
		x.lines[n].setNext(0)
	case int(x.used) < len(x.lines):
		n = x.used
		x.used++
	}
	return n
}
