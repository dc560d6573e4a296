package conntrack

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"xlvs/lvs"
)

const (
	shards    = 64
	shardBits = 6
	lineSlots = 7
	lineBytes = 64
	block     = 64 // entries that a shard takes from or gives back to the pool at once
)

// A line is one cache line of the index: word 0 is a version (high half) and
// the number of the line that continues this one (low half, 0 for none); the
// rest are slots, each a tag (high half) and an entry's number (low half, 0 for
// an empty slot). A home line's version counts the lines unlinked behind it.
type line [lineSlots + 1]uint64

func (l *line) next() uint32      { return uint32(atomic.LoadUint64(&l[0])) }
func (l *line) version() uint32   { return uint32(atomic.LoadUint64(&l[0]) >> 32) }
func (l *line) slot(i int) uint64 { return atomic.LoadUint64(&l[i]) }

func (l *line) setNext(n uint32) {
	atomic.StoreUint64(&l[0], uint64(l.version())<<32|uint64(n))
}

func (l *line) empty() bool {
	for i := 1; i <= lineSlots; i++ {
		if l[i] != 0 {
			return false
		}
	}
	return true
}

// families are the two sizes of entry of connections, or of templates.
type families struct{ v4, v6 family }

func (fs *families) of(v6 bool) *family {
	if v6 {
		return &fs.v6
	}
	return &fs.v4
}

// A family holds the entries of one size, of connections or of templates, with
// an index and timers of their own.
type family struct {
	kind     ref      // what a ref to one of its entries has beside the number
	words    int      // per entry
	entries  []uint64 // entry 0 is never used
	capacity uint32   // entries
	deltas   []uint64 // of connections: deltaWords per entry
	lines    []line   // home lines, as many of local endpoints, then the lines that continue them
	home     uint32   // home lines, a multiple of shards
	shards   [shards]shard

	lineCapacity uint32
	pool         pool
	linesUsed    uint32 // guarded by pool
	freeLine     uint32 // guarded by pool; chained by next
}

// A shard guards the home lines that its number leads to, and every connection
// found through them.
type shard struct {
	sync.Mutex
	free      uint32 // first free entry, chained by next
	freeCount int
	wheel     wheel
	data      map[uint32]string // by entry, of templates with engine data
	_         [64]byte          // the next shard's mutex is on another cache line
}

// A pool has the entries and lines that no shard holds.
type pool struct {
	sync.Mutex
	used   uint32 // entries handed out for the first time
	blocks uint32 // first of the chains of block entries given back; its head links the next
}

func (f *family) entry(n uint32) entry {
	i := int(n) * f.words
	return entry(f.entries[i : i+f.words : i+f.words])
}

// A Hash chooses shard, line and tag of a client's endpoint.
type Hash uint64

func (h Hash) shard() uint32        { return uint32(h >> (64 - shardBits)) }
func (h Hash) slot(n uint32) uint64 { return uint64(h)<<32 | uint64(n) }

// line returns the number of the home line of h: the top half of h scaled to
// the home lines, so that one shard's hashes are a run of lines of its own.
func (f *family) line(h Hash) uint32 {
	return uint32(uint64(uint32(h>>32)) * uint64(f.home) >> 32)
}

// localLine is line for a local endpoint. These have home lines of their own, so
// that those of clients are not twice as full where FULLNAT is used, and no larger
// where it is not.
func (f *family) localLine(h Hash) uint32 { return f.home + f.line(h) }

// hash mixes a client's endpoint with the seed: two rounds of 128-bit
// multiplication, folded, each half of every product secret.
func (t *Table) hash(a lvs.Addr, port uint16, p lvs.Protocol) Hash {
	hi, lo := bits.Mul64(a.Hi^t.seed[0], a.Lo^t.seed[1])
	hi, lo = bits.Mul64(hi^lo^t.seed[2], (uint64(port)<<8|uint64(p))^t.seed[3])
	return Hash(hi ^ lo)
}

// link puts entry n into the index, in the chain that begins at line home. It
// reports false if there is no line left. The caller holds the shard's lock.
func (f *family) link(home uint32, h Hash, n uint32) bool {
	slot := h.slot(n)
	l := &f.lines[home]
	for {
		for i := 1; i <= lineSlots; i++ {
			if l[i] == 0 {
				atomic.StoreUint64(&l[i], slot)
				return true
			}
		}
		next := l.next()
		if next == 0 {
			break
		}
		l = &f.lines[next]
	}
	next, ok := f.takeLine()
	if !ok {
		return false
	}
	atomic.StoreUint64(&f.lines[next][1], slot)
	l.setNext(next)
	return true
}

// unlink takes entry n out of the chain that begins at line number. The caller
// holds the shard's lock.
func (f *family) unlink(number uint32, h Hash, n uint32) {
	slot := h.slot(n)
	home, before := &f.lines[number], (*line)(nil)
	for l := home; ; {
		for i := 1; i <= lineSlots; i++ {
			if l[i] == slot {
				atomic.StoreUint64(&l[i], 0)
				f.dropLine(home, before, number)
				return
			}
		}
		before, number = l, l.next()
		l = &f.lines[number]
	}
}

// dropLine unlinks line number, which continues before, if it has become empty.
// A reader that stands on it may wander into another chain when the line is
// used again; the home line's new version tells it to start over.
func (f *family) dropLine(home, before *line, number uint32) {
	l := &f.lines[number]
	if before == nil || !l.empty() {
		return
	}
	before.setNext(l.next())
	atomic.StoreUint64(&home[0], uint64(home.version()+1)<<32|uint64(home.next()))
	f.pool.Lock()
	l.setNext(f.freeLine)
	f.freeLine = number
	f.pool.Unlock()
}

// takeLine returns an empty line that continues nothing yet.
func (f *family) takeLine() (uint32, bool) {
	f.pool.Lock()
	defer f.pool.Unlock()
	n := f.freeLine
	switch {
	case n != 0:
		f.freeLine = f.lines[n].next()
		f.lines[n].setNext(0)
	case f.linesUsed < f.lineCapacity:
		n = f.linesUsed
		f.linesUsed++
	default:
		return 0, false
	}
	return n, true
}

// used returns how many entries have ever been handed out: 1 to used.
func (f *family) used() uint32 {
	f.pool.Lock()
	defer f.pool.Unlock()
	return f.pool.used
}

// take returns a free entry, 0 if there is none. The caller holds s's lock.
func (f *family) take(s *shard) uint32 {
	if s.free == 0 {
		f.refill(s)
	}
	n := s.free
	if n != 0 {
		_, s.free = f.entry(n).links()
		s.freeCount--
	}
	return n
}

// refill moves a block of entries from the pool to s.
func (f *family) refill(s *shard) {
	f.pool.Lock()
	defer f.pool.Unlock()
	if head := f.pool.blocks; head != 0 {
		s.free, s.freeCount = head, block
		f.pool.blocks, _ = f.entry(head).links()
		return
	}
	for range block {
		if f.pool.used == f.capacity {
			return
		}
		f.pool.used++
		n := f.pool.used
		e := f.entry(n)
		e.store(wGeneration, 1<<32) // odd: free
		e.setLinks(0, s.free)
		s.free = n
		s.freeCount++
	}
}

// give returns entry n to s, and a block to the pool when s holds two.
func (f *family) give(s *shard, n uint32) {
	f.entry(n).setLinks(0, s.free)
	s.free = n
	s.freeCount++
	if s.freeCount <= 2*block {
		return
	}
	head, last := s.free, s.free
	for range block - 1 {
		_, last = f.entry(last).links()
	}
	_, s.free = f.entry(last).links()
	s.freeCount -= block
	f.entry(last).setLinks(0, 0)
	_, second := f.entry(head).links()
	f.pool.Lock()
	f.entry(head).setLinks(f.pool.blocks, second)
	f.pool.blocks = head
	f.pool.Unlock()
}
