package sched

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"xlvs/lvs"
)

// The kernel's measures of a cache (ip_vs_lblc, ip_vs_lblcr).
const (
	cacheBits = 10                // buckets, as a power of two
	cacheGoal = 16 << cacheBits   // entries that may stay until they expire
	cacheMost = cacheGoal * 3 / 2 // entries above which nothing new is remembered
	cacheIdle = 6 * time.Minute   // unused for so long, an entry above the goal goes
	cacheRuns = 30                // in one of so many runs, what has expired goes
)

// A cache remembers a V for each destination address, up to cacheMost of them.
// Workers lock one bucket each. The bucket is the kernel's; that it is a map
// keeps those who choose their addresses from making one long chain.
type cache[V any] struct {
	buckets [1 << cacheBits]bucket[V]
	entries atomic.Int64
	clock   atomic.Int64 // a time.Duration: from Expire's first run to its last

	// Expire's alone, which one goroutine at a time calls.
	ticking bool
	start   time.Duration // when it ran first
	rover   int           // the bucket that was tidied last
	runs    int           // with nothing to do, since the last full check
}

type bucket[V any] struct {
	mu      sync.Mutex
	entries map[lvs.Addr]*entry[V]
}

type entry[V any] struct {
	value   V
	lastUse time.Duration
}

// bucket returns where a belongs, for the caller to lock.
func (c *cache[V]) bucket(a lvs.Addr) *bucket[V] {
	return &c.buckets[hash32(fold(a), cacheBits)]
}

// now is the time, to one ExpireInterval.
func (c *cache[V]) now() time.Duration { return time.Duration(c.clock.Load()) }

// get returns what is remembered for a, nil for nothing, and notes the use. b is
// a's bucket, locked, and the value is the caller's until it is unlocked.
func (c *cache[V]) get(b *bucket[V], a lvs.Addr) *V {
	e := b.entries[a]
	if e == nil {
		return nil
	}
	e.lastUse = c.now()
	return &e.value
}

// put remembers v for a, of which b, its bucket and locked, knows nothing yet.
// A full cache remembers nothing more.
func (c *cache[V]) put(b *bucket[V], a lvs.Addr, v V) {
	if c.entries.Add(1) > cacheMost {
		c.entries.Add(-1)
		return
	}
	if b.entries == nil {
		b.entries = map[lvs.Addr]*entry[V]{}
	}
	b.entries[a] = &entry[V]{v, c.now()}
}

// Expire implements Expirer. Every cacheRuns quiet runs it drops what has
// expired; in between, when there are more entries than the goal, idle ones,
// starting where it stopped the last time.
func (c *cache[V]) Expire(now, unused time.Duration) {
	if !c.ticking {
		c.ticking, c.start = true, now // so that what is older than the clock has no age
	}
	now -= c.start
	c.clock.Store(int64(now))
	switch n := c.entries.Load(); {
	case c.runs == cacheRuns-1:
		c.runs = 0
		c.drop(now-unused, math.MaxInt64)
	case n <= cacheGoal:
		c.runs++
	default:
		c.drop(now-cacheIdle, min((n-cacheGoal)*4/3, cacheGoal/2))
	}
}

// drop forgets entries that have not been used after since, bucket by bucket
// until it has forgotten n of them or seen all.
func (c *cache[V]) drop(since time.Duration, n int64) {
	for range c.buckets {
		c.rover = (c.rover + 1) % len(c.buckets)
		dropped := c.buckets[c.rover].drop(since)
		c.entries.Add(-dropped)
		if n -= dropped; n <= 0 {
			return
		}
	}
}

// drop forgets the bucket's part of them and returns how many they were.
func (b *bucket[V]) drop(since time.Duration) (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for a, e := range b.entries {
		if e.lastUse <= since {
			delete(b.entries, a)
			n++
		}
	}
	return n
}
