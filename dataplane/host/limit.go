package host

import (
	"sync/atomic"
	"time"
)

// A limiter is a token bucket that many goroutines share without a lock. It
// keeps one number, the time at which the bucket will be full again: each frame
// moves it on by one interval (the generic cell rate algorithm).
type limiter struct {
	interval int64 // nanoseconds that one frame costs
	depth    int64 // nanoseconds that a burst costs
	full     atomic.Int64
}

func newLimiter(rate, burst int) limiter {
	interval := int64(time.Second) / int64(rate)
	return limiter{interval: interval, depth: int64(burst) * interval}
}

func (l *limiter) allow(now time.Duration) bool {
	for {
		was := l.full.Load()
		full := max(was, int64(now)) + l.interval
		if full-int64(now) > l.depth {
			return false
		}
		if l.full.CompareAndSwap(was, full) {
			return true
		}
	}
}
