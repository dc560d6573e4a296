package conntrack

import "sync"

const (
	shards    = 64
	shardBits = 6
	block     = 64 // entries that a shard takes from or gives back to the pool at once
)

// families are the two sizes of entry of connections, or of templates.
type families struct{ v4, v6 family }

func (fs *families) of(v6 bool) *family {
	if v6 {
		return &fs.v6
	}
	return &fs.v4
}

// A family holds the entries of one size, of connections or of templates, with
// indexes and timers of their own.
type family struct {
	kind     ref      // what a ref to one of its entries has beside the number
	words    int      // per entry
	entries  []uint64 // entry 0 is never used
	capacity uint32   // entries
	deltas   []uint64 // of connections: deltaWords per entry
	clients  index    // by the client's endpoint; of templates, by the whole key
	locals   index    // of connections: by the local endpoint of FULLNAT
	shards   [shards]shard
	pool     pool
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

// A pool has the entries that no shard holds.
type pool struct {
	sync.Mutex
	used   uint32 // entries handed out for the first time
	blocks uint32 // first of the chains of block entries given back; its head links the next
}

func (f *family) entry(n uint32) entry {
	i := int(n) * f.words
	return entry(f.entries[i : i+f.words : i+f.words])
}

// index returns the index that k is for.
func (f *family) index(k *Key) *index {
	if k.local {
		return &f.locals
	}
	return &f.clients
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
