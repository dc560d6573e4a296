package announce

import (
	"maps"
	"sync"
	"time"

	"xlvs/lvs"
)

// A limiter allows something once in an interval for each VIP. Any goroutine may
// ask it.
type limiter struct {
	every time.Duration
	mu    sync.Mutex
	last  map[lvs.Addr]time.Time // no older than every
}

func newLimiter(every time.Duration) *limiter {
	return &limiter{every: every, last: make(map[lvs.Addr]time.Time)}
}

// allow reports whether it may be done now, and takes it for done if so.
func (l *limiter) allow(vip lvs.Addr, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.last[vip]; ok && now.Sub(last) < l.every {
		return false
	}
	// What is past has no effect. It goes here, lest VIPs that are no more stay.
	maps.DeleteFunc(l.last, func(_ lvs.Addr, last time.Time) bool { return now.Sub(last) >= l.every })
	l.last[vip] = now
	return true
}
