package announce

import (
	"testing"
	"time"

	"xlvs/lvs"
)

func TestSchedule(t *testing.T) {
	s := make(schedule)
	start := time.Unix(1000, 0)
	steps := []struct {
		name  string
		after time.Duration
		add   []lvs.Addr
		due   int
		next  time.Duration // after start; negative: never
	}{
		{"nothing to do", 0, nil, 0, -1},
		{"first round", 0, []lvs.Addr{vip4}, 1, 2 * time.Second},
		{"early", time.Second, nil, 0, 2 * time.Second},
		{"another in between", time.Second, []lvs.Addr{vip6}, 1, 2 * time.Second},
		{"second round of the first", 2 * time.Second, nil, 1, 3 * time.Second},
		{"late for the other", 5 * time.Second, nil, 1, -1},
		{"both, one of them twice", 6 * time.Second, []lvs.Addr{vip4, vip6, vip4}, 2, 8 * time.Second},
		{"again before the second round", 7 * time.Second, []lvs.Addr{vip4}, 1, 8 * time.Second},
		{"second round of one", 8 * time.Second, nil, 1, 9 * time.Second},
		{"second round of the other", 9 * time.Second, nil, 1, -1},
	}
	for _, tt := range steps {
		now := start.Add(tt.after)
		s.add(tt.add, now)
		due, next := s.take(now)
		if len(due) != tt.due {
			t.Errorf("%s: due %v, want %d", tt.name, due, tt.due)
		}
		if want := start.Add(tt.next); tt.next < 0 && !next.IsZero() || tt.next >= 0 && !next.Equal(want) {
			t.Errorf("%s: next at %v, want %v after %v", tt.name, next, tt.next, start)
		}
	}
	if len(s) != 0 {
		t.Errorf("schedule still holds %v", s)
	}
}
