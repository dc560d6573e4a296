package icmp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// allow returns how many of n errors at now are allowed.
func allow(l *Limiter, now time.Duration, n int) (allowed int) {
	for range n {
		if l.Allow(now) {
			allowed++
		}
	}
	return allowed
}

func TestLimiter(t *testing.T) {
	const ms = time.Millisecond
	type step struct {
		now       time.Duration
		ask, want int
	}
	tests := map[string][]step{
		"a burst at once":            {{0, 60, 50}},
		"a burst of a clock's later": {{time.Hour, 60, 50}},
		"one back each millisecond":  {{0, 60, 50}, {ms, 5, 1}, {2 * ms, 5, 1}, {5 * ms, 5, 3}},
		"not one back too early":     {{0, 50, 50}, {ms - 1, 1, 0}, {ms, 1, 1}, {2*ms - 1, 1, 0}, {2 * ms, 1, 1}},
		"fractions are not lost":     {{0, 50, 50}, {ms + ms/2, 5, 1}, {2 * ms, 5, 1}, {2*ms + ms/2, 5, 0}, {3 * ms, 5, 1}},
		"full again, and no more":    {{0, 60, 50}, {50 * ms, 60, 50}, {time.Hour, 60, 50}},
		"asking in vain costs none":  {{0, 1000, 50}, {ms, 1, 1}},
		"a full bucket does not age": {{0, 1, 1}, {time.Hour, 50, 50}, {time.Hour + ms - 1, 1, 0}, {time.Hour + ms, 1, 1}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			var l Limiter
			for i, s := range steps {
				if got := allow(&l, s.now, s.ask); got != s.want {
					t.Fatalf("step %d, at %v: %d of %d allowed, want %d", i, s.now, got, s.ask, s.want)
				}
			}
		})
	}
}

// TestLimiterKeepsTheSteadyRate asks as often as is allowed, for ten seconds.
func TestLimiterKeepsTheSteadyRate(t *testing.T) {
	var l Limiter
	for now := time.Duration(0); now < 10*time.Second; now += time.Second / perSecond {
		if !l.Allow(now) {
			t.Fatalf("not allowed at %v", now)
		}
	}
}

// TestLimiterInAnyWindow draws when errors are asked for, and counts those
// allowed in every window that begins and ends with one.
func TestLimiterInAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Limiter
		var now time.Duration
		var allowed []time.Duration
		widest := rapid.SampledFrom([]int64{1e5, 1e6, 3e6, 1e8}).Draw(t, "widest")
		for _, gap := range rapid.SliceOfN(rapid.Int64Range(0, widest), 200, 300).Draw(t, "gaps") {
			if now += time.Duration(gap); l.Allow(now) {
				allowed = append(allowed, now)
			}
		}
		for i, from := range allowed {
			for j, to := range allowed[i:] {
				if most := burst + int((to-from)*perSecond/time.Second); j+1 > most {
					t.Fatalf("%d allowed from %v to %v, want %d at most", j+1, from, to, most)
				}
			}
		}
	})
}
