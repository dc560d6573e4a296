package sched

import (
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// setOf returns the set that s has for the address with this number, as letters.
func setOf(s *lblcr, n int) (letters string) {
	a := to(n).Dst
	if e := s.bucket(a).entries[a]; e != nil {
		for _, d := range e.value.dests {
			letters += string(rune('A' + d.ID - 1))
		}
	}
	return letters
}

// crowd makes address 1 of s, which has destinations of weight 1, popular: its
// set becomes all letters of want, the last first.
func crowd(t *testing.T, s *lblcr, loads *lvs.Loads, want string) {
	t.Helper()
	for range want {
		if got := pickTo(s, 1); got != "-" {
			setLoad(loads, lvs.DestID(got[0]-'A'+1), load{2, 0})
		}
	}
	if got := setOf(s, 1); got != want {
		t.Fatalf("set of a popular address = %s, want %s", got, want)
	}
}

// TestLBLCR has an address with the set CBA, which all have two connections, and
// changes something.
func TestLBLCR(t *testing.T) {
	tests := map[string]struct {
		change func(s *lblcr, loads *lvs.Loads)
		want   string
		set    string
	}{
		"all crowded, nobody idle": {func(*lblcr, *lvs.Loads) {}, "C", "CBA"},
		"the least of the set": {func(_ *lblcr, loads *lvs.Loads) {
			setLoad(loads, 2, load{1, 0})
		}, "B", "CBA"},
		"least for its weight": {func(s *lblcr, _ *lvs.Loads) {
			s.Set(list(3, 1, 1))
		}, "A", "CBA"},
		"crowded, and another idle": {func(s *lblcr, _ *lvs.Loads) {
			s.Set(list(1, 1, 1, 1))
		}, "D", "DCBA"},
		"crowded, and an idle one is quiesced": {func(s *lblcr, _ *lvs.Loads) {
			s.Set(list(1, 1, 1, 0))
		}, "C", "CBA"},
		"the latest is deleted": {func(s *lblcr, _ *lvs.Loads) {
			s.Set(list(1, 1))
		}, "B", "CBA"},
		"the latest is quiesced": {func(s *lblcr, _ *lvs.Loads) {
			s.Set(list(1, 1, 0))
		}, "B", "CBA"},
		"the latest is overloaded": {func(_ *lblcr, loads *lvs.Loads) {
			loads.At(3).SetThresholds(1, 0)
		}, "B", "CBA"},
		"all are deleted": {func(s *lblcr, _ *lvs.Loads) {
			s.Set(list(0, 0, 0, 1)[3:])
		}, "D", "D"},
		"all are deleted, numbers taken over": {func(s *lblcr, _ *lvs.Loads) {
			others := list(1, 1, 1)
			for i := range others {
				others[i].Port = 8080
			}
			s.Set(others)
		}, "A", "A"},
		"nobody is left": {func(s *lblcr, _ *lvs.Loads) { s.Set(nil) }, "-", "CBA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newLBLCR(loads)
			s.Set(list(1, 1, 1))
			crowd(t, s, loads, "CBA")
			tt.change(s, loads)
			if got := pickTo(s, 1); got != tt.want {
				t.Errorf("pick = %s, want %s", got, tt.want)
			}
			if got := setOf(s, 1); got != tt.set {
				t.Errorf("its set is then %s, want %s", got, tt.set)
			}
		})
	}
}

// TestLBLCRShrinks lets the time pass after which a set without a change loses
// its most loaded destination.
func TestLBLCRShrinks(t *testing.T) {
	tests := map[string]struct {
		weights []int32
		loads   []load
		minutes int
		want    string
	}{
		"too early":                    {[]int32{1, 1, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 10, "CBA"},
		"the most loaded":              {[]int32{1, 1, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 11, "CA"},
		"once, since that is a change": {[]int32{1, 1, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 20, "CA"},
		"and once more":                {[]int32{1, 1, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 22, "C"},
		"but never the last":           {[]int32{1, 1, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 33, "C"},
		"most for its weight":          {[]int32{1, 4, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 11, "CB"},
		"of equals, the latest":        {[]int32{1, 1, 1}, []load{{0, 0}, {0, 0}, {0, 0}}, 11, "BA"},
		"quiesced ones stay":           {[]int32{1, 0, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 11, "CB"},
		"all quiesced":                 {[]int32{0, 0, 0}, []load{{1, 0}, {2, 0}, {0, 0}}, 11, "CBA"},
		"the deleted before others":    {[]int32{1, 1}, []load{{1, 0}, {2, 0}, {0, 0}}, 11, "BA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newLBLCR(loads)
			s.Set(list(1, 1, 1))
			crowd(t, s, loads, "CBA")
			s.Set(list(tt.weights...))
			for i, l := range tt.loads {
				setLoad(loads, lvs.DestID(i+1), l)
			}
			for n := range tt.minutes + 1 {
				s.Expire(minute(n), minute(10)-minute(0))
				pickTo(s, 1)
			}
			if got := setOf(s, 1); got != tt.want {
				t.Errorf("set after %d minutes = %s, want %s", tt.minutes, got, tt.want)
			}
		})
	}
}

// TestLBLCRGrowthIsAChange checks that a set which grew has its time again.
func TestLBLCRGrowthIsAChange(t *testing.T) {
	loads := grown()
	s := newLBLCR(loads)
	s.Set(list(1, 1))
	crowd(t, s, loads, "BA")
	for n := range 16 {
		if n == 6 {
			s.Set(list(1, 1, 1))
		}
		s.Expire(minute(n), minute(10)-minute(0))
		pickTo(s, 1)
	}
	if got := setOf(s, 1); got != "CBA" {
		t.Errorf("set nine minutes after it grew = %s, want CBA", got)
	}
}

// TestLBLCRSetsStaySmall checks that a set holds nobody twice, and nobody who is
// in the list no more once it has been added to.
func TestLBLCRSetsStaySmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loads := grown()
		s := newLBLCR(loads)
		for range rapid.IntRange(1, 20).Draw(t, "reloads") {
			dests := list(weights(8, 3).Draw(t, "weights")...)
			s.Set(dests)
			for _, d := range dests {
				setLoad(loads, d.ID, load{rapid.Int32Range(0, 4).Draw(t, "active"), 0})
			}
			before := setOf(s, 1)
			pickTo(s, 1)
			seen := map[rune]bool{}
			set := setOf(s, 1)
			for _, l := range set {
				if seen[l] || set != before && int(l-'A') >= len(dests) {
					t.Fatalf("set of %d destinations = %s", len(dests), set)
				}
				seen[l] = true
			}
		}
	})
}

// TestLBLCRFull checks that scheduling goes on when the cache is full.
func TestLBLCRFull(t *testing.T) {
	loads := grown()
	s := newLBLCR(loads)
	s.Set(list(1, 1))
	s.entries.Store(cacheMost)
	got := pickTo(s, 1)
	setLoad(loads, 1, load{1, 0})
	if got += pickTo(s, 1); got != "AB" {
		t.Errorf("picks for an address that was not remembered = %s, want AB", got)
	}
}
