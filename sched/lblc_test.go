package sched

import (
	"testing"

	"xlvs/lvs"
)

// to returns the tuple of a connection to the address with this number.
func to(n int) *lvs.Tuple { return &lvs.Tuple{Dst: lvs.Addr4(0xcb007100 + uint32(n))} }

// pickTo returns the choice of s for the address with this number, as a letter.
func pickTo(s Scheduler, n int) string {
	if id, ok := s.Pick(to(n)); ok {
		return string(rune('A' + id - 1))
	}
	return "-"
}

// TestLBLC has an address meet A, which is then changed in one way: the address
// stays with A, or goes over to another for good.
func TestLBLC(t *testing.T) {
	tests := map[string]struct {
		change func(s Scheduler, loads *lvs.Loads)
		want   string
	}{
		"nothing": {func(Scheduler, *lvs.Loads) {}, "A"},
		"busier than the others": {func(_ Scheduler, loads *lvs.Loads) {
			setLoad(loads, 1, load{2, 50})
		}, "A"},
		"above its weight, another below half": {func(_ Scheduler, loads *lvs.Loads) {
			setLoad(loads, 1, load{3, 0})
		}, "B"},
		"above its weight, the others at half": {func(_ Scheduler, loads *lvs.Loads) {
			setLoad(loads, 1, load{3, 0})
			setLoad(loads, 2, load{1, 0})
			setLoad(loads, 3, load{1, 0})
		}, "A"},
		"quiesced": {func(s Scheduler, _ *lvs.Loads) { s.Set(list(0, 2, 2)) }, "B"},
		"deleted":  {func(s Scheduler, _ *lvs.Loads) { s.Set(list(2, 2, 2)[1:]) }, "B"},
		"deleted and back, unasked meanwhile": {func(s Scheduler, loads *lvs.Loads) {
			s.Set(list(2, 2, 2)[1:])
			setLoad(loads, 1, load{2, 0})
			s.Set(list(2, 2, 2))
		}, "A"},
		"its number is another's": {func(s Scheduler, loads *lvs.Loads) {
			other := list(2, 2, 2)
			other[0].Addr = addr("198.51.100.99")
			setLoad(loads, 1, load{2, 0})
			s.Set(other)
		}, "B"},
		"another was added in front": {func(s Scheduler, _ *lvs.Loads) {
			s.Set(append(list(0, 0, 0, 2)[3:], list(2, 2, 2)...))
		}, "A"},
		"overloaded by its threshold": {func(_ Scheduler, loads *lvs.Loads) { overload(loads, 1) }, "A"},
		"all gone":                    {func(s Scheduler, _ *lvs.Loads) { s.Set(nil) }, "-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newScheduler(t, "lblc", loads, list(2, 2, 2))
			if got := pickTo(s, 1); got != "A" {
				t.Fatalf("first pick = %s, want A", got)
			}
			tt.change(s, loads)
			for range 2 {
				if got := pickTo(s, 1); got != tt.want {
					t.Errorf("pick = %s, want %s", got, tt.want)
				}
			}
		})
	}
}

// TestLBLCMovesForGood checks that an address does not go back when the reason
// to leave has gone.
func TestLBLCMovesForGood(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "lblc", loads, list(1, 1))
	got := pickTo(s, 1)
	setLoad(loads, 1, load{2, 0})
	got += pickTo(s, 1)
	setLoad(loads, 1, load{0, 0})
	got += pickTo(s, 1)
	if want := "ABB"; got != want {
		t.Errorf("picks before, while and after A is crowded = %s, want %s", got, want)
	}
}

// TestLBLCSpreadsAddresses checks that new addresses go where wlc would send
// them, and that the old ones stay where they are.
func TestLBLCSpreadsAddresses(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "lblc", loads, list(10, 20, 30))
	first := make([]string, 30)
	for i := range first {
		first[i] = pickTo(s, i)
		loads.At(lvs.DestID(first[i][0] - 'A' + 1)).Total.Add(1)
	}
	for id, want := range map[lvs.DestID]int32{1: 5, 2: 10, 3: 15} {
		if got := loads.At(id).Total.Load(); got != want {
			t.Errorf("destination %d got %d of 30 addresses, want %d", id, got, want)
		}
	}
	for i, want := range first {
		if got := pickTo(s, i); got != want {
			t.Errorf("second pick for address %d = %s, want %s", i, got, want)
		}
	}
}

// TestLBLCFull checks that scheduling goes on when the cache is full.
func TestLBLCFull(t *testing.T) {
	loads := grown()
	s := newLBLC(loads)
	s.Set(list(1, 1))
	s.entries.Store(cacheMost)
	got := pickTo(s, 1)
	setLoad(loads, 1, load{1, 0})
	if got += pickTo(s, 1); got != "AB" {
		t.Errorf("picks for an address that was not remembered = %s, want AB", got)
	}
}

// TestLBLCExpires checks that an address without connections is forgotten.
func TestLBLCExpires(t *testing.T) {
	for unused, want := range map[int]string{20: "B", 40: "A"} {
		loads := grown()
		s := newLBLC(loads)
		s.Set(list(1, 1))
		pickTo(s, 1)
		setLoad(loads, 1, load{1, 0})
		for n := range 30 {
			s.Expire(minute(n), minute(unused)-minute(0))
		}
		if got := pickTo(s, 1); got != want {
			t.Errorf("pick after 29 minutes, when %d are remembered = %s, want %s", unused, got, want)
		}
	}
}
