package sched

import "testing"

func TestNone(t *testing.T) {
	s := newScheduler(t, "none", grown(), list(1, 2, 3))
	if got := picks(s, 4); got != "----" {
		t.Errorf("picks = %s, want ----", got)
	}
}
