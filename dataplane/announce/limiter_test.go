package announce

import (
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l := newLimiter(10 * time.Second)
	start := time.Unix(1000, 0)
	steps := []struct {
		name  string
		vip   string
		after time.Duration
		want  bool
		held  int
	}{
		{"first", "198.51.100.80", 0, true, 1},
		{"at once again", "198.51.100.80", 0, false, 1},
		{"another VIP", "2001:db8::80", time.Second, true, 2},
		{"just before the interval's end", "198.51.100.80", 10*time.Second - 1, false, 2},
		{"at its end", "198.51.100.80", 10 * time.Second, true, 2},
		{"a refusal does not prolong it", "2001:db8::80", 11 * time.Second, true, 2},
		{"what is past is forgotten", "198.51.100.82", time.Minute, true, 1},
	}
	for _, tt := range steps {
		if got := l.allow(addr(tt.vip), start.Add(tt.after)); got != tt.want || len(l.last) != tt.held {
			t.Errorf("%s: allow(%s) = %t with %d held, want %t with %d", tt.name, tt.vip, got, len(l.last), tt.want, tt.held)
		}
	}
}
