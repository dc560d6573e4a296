package fragment

import (
	"hash/maphash"
	"time"
)

// shards is how many locks there are. Pieces of one datagram may come in by any
// queue, so all workers share a Tracker.
const shards = 16

// Options tune a Tracker. The zero value is ready to use.
type Options struct {
	Datagrams int // remembered at once, rounded up to a multiple of 16; 0 means 4096
}

// defaultDatagrams leave the pieces of a datagram 26 ms to come when 8 kB
// datagrams fill 10 Gbit/s: the oldest makes room for the newest.
const defaultDatagrams = 4096

// A Tracker knows which datagrams are under way in pieces and what its caller
// decided about each, a V. Its methods are safe for many goroutines.
type Tracker[V any] struct {
	seed   maphash.Seed // per Tracker, so that nobody outside can aim at a shard
	shards [shards]shard[V]
}

// New returns a Tracker that remembers nothing yet.
func New[V any](o Options) *Tracker[V] {
	if o.Datagrams <= 0 {
		o.Datagrams = defaultDatagrams
	}
	t := &Tracker[V]{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].init((o.Datagrams + shards - 1) / shards)
	}
	return t
}

// A Ticket names a datagram while it is remembered, and nothing afterwards. The
// zero Ticket names nothing.
type Ticket struct {
	shard  uint64
	serial uint64
}

// Add says what is to be done with a piece that has come in. If it Follows, v
// is what was settled. If it is the First, or Waits, the ticket is for Settle or
// for Ask.
//
// now is any clock that does not go backwards.
func (t *Tracker[V]) Add(k Key, pc Piece, now time.Duration) (v V, tk Ticket, o Outcome) {
	tk.shard = maphash.Comparable(t.seed, k) % shards
	s := &t.shards[tk.shard]
	s.mu.Lock()
	v, tk.serial, o = s.add(k, pc, now)
	s.mu.Unlock()
	return v, tk, o
}

// Settle tells what was decided about the first piece, which holds for all. It
// returns how many pieces wait for it, with any worker: these are to Ask.
func (t *Tracker[V]) Settle(tk Ticket, v V) (waiting int) {
	s := &t.shards[tk.shard]
	s.mu.Lock()
	waiting = s.settle(tk.serial, v)
	s.mu.Unlock()
	return waiting
}

// Ask says what is to be done with a piece that Waits by now. Once it says
// anything else, the piece has waited to its end: v is as in Add, and the ticket
// is not to be asked about for this piece again.
func (t *Tracker[V]) Ask(tk Ticket) (v V, o Outcome) {
	s := &t.shards[tk.shard]
	s.mu.Lock()
	v, o = s.ask(tk.serial)
	s.mu.Unlock()
	return v, o
}

// GiveUp refuses what is left of a datagram: the caller has no room for a piece
// that Waits, or cannot decide about the First.
func (t *Tracker[V]) GiveUp(tk Ticket) {
	s := &t.shards[tk.shard]
	s.mu.Lock()
	if d := s.at(tk.serial); d != nil {
		s.refuse(d)
	}
	s.mu.Unlock()
}

// Sweep forgets what has timed out. It is to be called every second or so: what
// waits is told by Ask only then.
func (t *Tracker[V]) Sweep(now time.Duration) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.sweep(now)
		s.mu.Unlock()
	}
}

// Stats returns the counters. Shards are read one after the other.
func (t *Tracker[V]) Stats() (sum Stats) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		sum.add(&s.stats)
		sum.Datagrams += len(s.index)
		s.mu.Unlock()
	}
	return sum
}
