package icmp

import "time"

// A Limiter bounds how often errors are sent (RFC 1812, 4.3.2.8; RFC 4443,
// 2.4(f)): a token bucket with the kernel's icmp_msgs_per_sec and
// icmp_msgs_burst. The zero Limiter is full. It belongs to one worker.
type Limiter struct {
	spent int           // tokens gone from the bucket
	last  time.Duration // when the last whole token came back
}

const (
	perSecond = 1000
	burst     = 50
)

// Allow reports whether an error may be sent now, and counts it if so. now is
// any clock that does not go backwards.
func (l *Limiter) Allow(now time.Duration) bool {
	const interval = time.Second / perSecond
	back := int((now - l.last) / interval)
	if back >= l.spent {
		l.spent, l.last = 0, now
	} else {
		l.spent -= back
		l.last += time.Duration(back) * interval
	}
	if l.spent >= burst {
		return false
	}
	l.spent++
	return true
}
