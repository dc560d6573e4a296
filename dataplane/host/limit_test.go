package host

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	type step struct {
		at   time.Duration
		ask  int
		want int // how many pass
	}
	tests := map[string]struct {
		rate, burst int
		steps       []step
	}{
		"burst, then nothing":         {10, 3, []step{{0, 5, 3}}},
		"one comes back at its time":  {10, 3, []step{{0, 3, 3}, {99 * time.Millisecond, 1, 0}, {100 * time.Millisecond, 2, 1}}},
		"full again and no fuller":    {10, 3, []step{{0, 3, 3}, {time.Hour, 9, 3}}},
		"refused ones cost nothing":   {10, 1, []step{{0, 100, 1}, {100 * time.Millisecond, 2, 1}}},
		"steady at the rate":          {1000, 1, []step{{0, 1, 1}, {time.Millisecond, 1, 1}, {2 * time.Millisecond, 1, 1}}},
		"clock that begins anywhere":  {10, 2, []step{{1e6 * time.Hour, 5, 2}}},
		"another worker's clock lags": {10, 2, []step{{time.Second, 1, 1}, {900 * time.Millisecond, 2, 0}}},
		"fastest":                     {1e9, 1, []step{{0, 2, 1}, {1, 2, 1}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLimiter(tt.rate, tt.burst)
			for _, s := range tt.steps {
				got := 0
				for range s.ask {
					if l.allow(s.at) {
						got++
					}
				}
				if got != s.want {
					t.Errorf("at %v %d of %d pass, want %d", s.at, got, s.ask, s.want)
				}
			}
		})
	}
}

// TestLimiterIsShared: of many workers together no more pass than of one.
func TestLimiterIsShared(t *testing.T) {
	l := newLimiter(1000, 500)
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 1000 {
				if l.allow(time.Duration(i) * time.Microsecond) {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := passed.Load(); n != 500 {
		t.Errorf("%d pass within a millisecond, want 500", n)
	}
}
