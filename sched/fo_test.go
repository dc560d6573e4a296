package sched

import "testing"

func TestFO(t *testing.T) {
	testChoices(t, "fo", map[string]choice{
		"the highest":              {[]int32{1, 3, 2}, []load{{}, {}, {}}, "B"},
		"whatever its load":        {[]int32{1, 3, 2}, []load{{}, {1 << 20, 1 << 20}, {}}, "B"},
		"of equals, the first":     {[]int32{1, 3, 3}, []load{{}, {9, 0}, {}}, "B"},
		"the highest are quiesced": {[]int32{0, 1, 0, 2}, []load{{}, {}, {}, {}}, "D"},
	})
}

// TestFOFailsOver checks that connections move on when the best is overloaded,
// and back when it is free again.
func TestFOFailsOver(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "fo", loads, list(1, 3, 2))
	overload(loads, 2)
	if got := picks(s, 2); got != "CC" {
		t.Errorf("picks while B is overloaded = %s, want CC", got)
	}
	loads.At(2).Unbind()
	if got := picks(s, 2); got != "BB" {
		t.Errorf("picks when B is free again = %s, want BB", got)
	}
}
