package sched

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// day is the default of lblc_expiration.
const day = 24 * time.Hour

// minute returns the time of the nth run of Expire. It is not counted from zero,
// as the clock of a director that has been up for a while is not.
func minute(n int) time.Duration { return 100*time.Hour + time.Duration(n)*ExpireInterval }

// use asks c for the addresses numbered from to to, and puts those that it does
// not know.
func use(c *cache[int], from, to int) {
	for i := from; i < to; i++ {
		a := lvs.Addr4(uint32(i))
		b := c.bucket(a)
		b.mu.Lock()
		if c.get(b, a) == nil {
			c.put(b, a, i)
		}
		b.mu.Unlock()
	}
}

// known returns how many of the addresses numbered from to to are in c, without
// using them.
func known(c *cache[int], from, to int) (n int) {
	for i := from; i < to; i++ {
		a := lvs.Addr4(uint32(i))
		if e := c.bucket(a).entries[a]; e != nil && e.value == i {
			n++
		}
	}
	return n
}

// TestCacheIsBounded checks the number at which nothing new is remembered.
func TestCacheIsBounded(t *testing.T) {
	c := new(cache[int])
	use(c, 0, 30000)
	if got := known(c, 0, 30000); got != 24576 || c.entries.Load() != 24576 {
		t.Errorf("the cache knows %d of 30000 and counts %d, want 24576", got, c.entries.Load())
	}
	if got := known(c, 0, 24576); got != 24576 {
		t.Errorf("it knows %d of the first 24576, want all", got)
	}
}

// TestCacheForgets steps the clock to the run named and checks how many of what
// was used in the first minute, and refreshed later, are left.
func TestCacheForgets(t *testing.T) {
	tests := map[string]struct {
		entries   int
		refreshed int // minute at which half of them are used again; 0: never
		unused    time.Duration
		run       int // of Expire, counted from zero
		want      int
	}{
		"nothing before the full check":      {100, 0, time.Minute, 28, 100},
		"all unused at the full check":       {100, 0, 29 * time.Minute, 29, 0},
		"not a minute too early":             {100, 0, 30 * time.Minute, 29, 100},
		"half is used":                       {100, 5, 25 * time.Minute, 29, 50},
		"one day":                            {100, 0, day, 24*60 - 1, 100},
		"the full check after one day":       {100, 0, day, 24*60 + 29, 0},
		"at the goal nothing idles too long": {16384, 0, day, 60, 16384},
		"above it, not yet idle":             {16384 + 300, 0, day, 5, 16384 + 300},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := new(cache[int])
			use(c, 0, tt.entries)
			for n := range tt.run + 1 {
				c.Expire(minute(n), tt.unused)
				if tt.refreshed > 0 && n == tt.refreshed {
					use(c, 0, tt.entries/2)
				}
			}
			if got := known(c, 0, tt.entries); got != tt.want || c.entries.Load() != int64(tt.want) {
				t.Errorf("after run %d the cache knows %d of %d and counts %d, want %d", tt.run, got, tt.entries, c.entries.Load(), tt.want)
			}
		})
	}
}

// TestCacheAboveTheGoal checks how far a run goes: to four thirds of the excess,
// at most half the goal, and the rest of the last bucket.
func TestCacheAboveTheGoal(t *testing.T) {
	const bucket = 64 // none of these has more
	for entries, goal := range map[int]int64{16385: 1, 16384 + 300: 400, 20000: 4821, 24576: 8192} {
		c := new(cache[int])
		use(c, 0, entries)
		for n := range 6 {
			c.Expire(minute(n), day)
		}
		c.Expire(minute(6), day)
		dropped := int64(entries) - c.entries.Load()
		if dropped < goal || dropped >= goal+bucket {
			t.Errorf("of %d idle entries %d were dropped, want %d and the rest of a bucket", entries, dropped, goal)
		}
	}
}

// TestCacheRoves checks that a run goes on where the one before it stopped.
func TestCacheRoves(t *testing.T) {
	c := new(cache[int])
	use(c, 0, 24576)
	for n := range 7 {
		c.Expire(minute(n), day)
	}
	stopped := c.rover
	if done, next := len(c.buckets[stopped].entries), len(c.buckets[stopped+1].entries); done != 0 || next == 0 {
		t.Errorf("the bucket where it stopped holds %d, the next %d, want none and some", done, next)
	}
	use(c, 30000, 31000) // some of them behind the rover
	c.Expire(minute(7), day)
	if c.rover <= stopped {
		t.Errorf("the rover went from %d to %d, want it to go on", stopped, c.rover)
	}
}

// TestCacheSparesTheBusy checks that a run above the goal takes only the idle.
func TestCacheSparesTheBusy(t *testing.T) {
	c := new(cache[int])
	const entries, idle = 20000, 1000
	use(c, 0, entries)
	for n := range 7 {
		c.Expire(minute(n), day)
		use(c, idle, entries)
	}
	if got := known(c, idle, entries); got != entries-idle {
		t.Errorf("%d of %d busy entries are left, want all", got, entries-idle)
	}
	if got := known(c, 0, idle); got != 0 {
		t.Errorf("%d idle entries are left, want none", got)
	}
}

// TestCacheFullCheckWaits checks that runs above the goal do not count towards
// the thirtieth.
func TestCacheFullCheckWaits(t *testing.T) {
	c := new(cache[int])
	use(c, 0, 16384+1)
	for n := range 40 {
		c.Expire(minute(n), 3*time.Minute)
		use(c, 0, 16384+1)
	}
	if c.runs != 0 {
		t.Errorf("%d quiet runs were counted, want 0", c.runs)
	}
}

// A slowCache remembers when each address was used, in runs of Expire.
type slowCache map[int]int

// TestCacheAgreesWithAMap compares with a map that is swept at the end of every
// full check, for caches below the goal.
func TestCacheAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fast, slow := new(cache[int]), slowCache{}
		unused := rapid.IntRange(1, 60).Draw(t, "unused")
		for n := range rapid.IntRange(1, 100).Draw(t, "runs") {
			fast.Expire(minute(n), time.Duration(unused)*time.Minute)
			for i, used := range slow {
				if n%30 == 29 && n-used >= unused {
					delete(slow, i)
				}
			}
			from := rapid.IntRange(0, 40).Draw(t, "from")
			to := from + rapid.IntRange(0, 5).Draw(t, "uses")
			use(fast, from, to)
			for i := from; i < to; i++ {
				slow[i] = n
			}
			for i := range 45 {
				_, want := slow[i]
				if got := known(fast, i, i+1) == 1; got != want {
					t.Fatalf("in minute %d, address %d is known: %t, want %t", n, i, got, want)
				}
			}
		}
	})
}

func BenchmarkCacheExpire(b *testing.B) {
	c := new(cache[int])
	use(c, 0, 16384)
	for b.Loop() {
		c.drop(-1, 1<<62)
	}
}
