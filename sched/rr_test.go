package sched

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// TestRRReload checks what the kernel does to the cursor. Letters are
// destinations in list order, so a new one comes first.
func TestRRReload(t *testing.T) {
	tests := map[string]struct {
		before string
		picks  string // before the reload
		after  string
		want   string
	}{
		"first":                          {"", "", "ABC", "ABCAB"},
		"nothing changes":                {"ABC", "AB", "ABC", "CAB"},
		"added at the head":              {"ABC", "AB", "DABC", "CDAB"},
		"added when the turn is over":    {"ABC", "ABC", "DABC", "DABC"},
		"cursor deleted":                 {"ABC", "AB", "AC", "CAC"},
		"first deleted under the cursor": {"ABC", "A", "BC", "BCB"},
		"last deleted under the cursor":  {"ABC", "ABC", "AB", "ABA"},
		"cursor and before it deleted":   {"ABCD", "ABC", "AD", "DAD"},
		"all up to the cursor deleted":   {"ABCD", "ABC", "D", "DD"},
		"another deleted":                {"ABC", "AB", "BC", "CBC"},
		"cursor replaced by a new one":   {"ABC", "AB", "DAC", "CDAC"},
		"all replaced":                   {"ABC", "AB", "DEF", "DEF"},
		"one left":                       {"ABC", "AB", "B", "BB"},
		"none left":                      {"ABC", "AB", "", "--"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newRR(grown())
			s.Set(named(tt.before))
			if got := picks(s, len(tt.picks)); got != tt.picks {
				t.Fatalf("picks of %s = %s, want %s", tt.before, got, tt.picks)
			}
			s.Set(named(tt.after))
			if got := picks(s, len(tt.want)); got != tt.want {
				t.Errorf("then picks of %s = %s, want %s", tt.after, got, tt.want)
			}
		})
	}
}

func TestRRWeightsDoNotCount(t *testing.T) {
	s := newRR(grown())
	s.Set(list(7, 0, 1, 65535))
	if got, want := picks(s, 7), "ACDACDA"; got != want {
		t.Errorf("picks of weights 7 0 1 65535 = %s, want %s", got, want)
	}
}

// TestRRQuiescedCursor checks that a destination keeps its place while it is
// quiesced.
func TestRRQuiescedCursor(t *testing.T) {
	s := newRR(grown())
	s.Set(list(1, 1, 1))
	picks(s, 2)
	s.Set(list(1, 0, 1))
	if got, want := picks(s, 3), "CAC"; got != want {
		t.Errorf("picks after B is quiesced at its turn = %s, want %s", got, want)
	}
}

// TestRROverloadedCursor checks the same for one that is overloaded for a while.
func TestRROverloadedCursor(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "rr", loads, list(1, 1, 1))
	picks(s, 2)
	overload(loads, 2)
	if got, want := picks(s, 3), "CAC"; got != want {
		t.Errorf("picks after B is overloaded at its turn = %s, want %s", got, want)
	}
	loads.At(2).Unbind()
	if got, want := picks(s, 3), "ABC"; got != want {
		t.Errorf("picks after B is free again = %s, want %s", got, want)
	}
}

// TestRRIsEqual checks that nobody is ever two turns ahead of another.
func TestRRIsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(10, 3).Draw(t, "weights")...)
		s := newRR(grown())
		s.Set(dests)
		usable := 0
		for _, d := range dests {
			if d.Weight > 0 {
				usable++
			}
		}
		const turns = 3
		got := picks(s, turns*usable)
		for i, d := range dests {
			letter := string(rune('A' + i))
			if n := strings.Count(got, letter); d.Weight > 0 && n != turns {
				t.Fatalf("picks of %v = %s: %d of %s, want %d", dests, got, n, letter, turns)
			}
		}
	})
}

// TestRROneByOne checks that deleting several destinations at once leaves the
// cursor where deleting them one by one does.
func TestRROneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := list(weights(8, 1).Draw(t, "weights")...)
		gone := rapid.SliceOfN(rapid.Bool(), len(all), len(all)).Draw(t, "gone")
		n := rapid.IntRange(0, 12).Draw(t, "picks")
		one, many := newRR(grown()), newRR(grown())
		one.Set(all)
		many.Set(all)
		picks(one, n)
		picks(many, n)
		left := func(upTo int) (dests []Dest) {
			for i, d := range all {
				if i >= upTo || !gone[i] {
					dests = append(dests, d)
				}
			}
			return dests
		}
		for i := range all {
			one.Set(left(i + 1))
		}
		many.Set(left(len(all)))
		if a, b := picks(one, 10), picks(many, 10); a != b {
			t.Fatalf("one by one %s, at once %s", a, b)
		}
	})
}

func TestRRCursorFollowsItsDestination(t *testing.T) {
	s := newRR(grown())
	s.Set(named("ABC"))
	picks(s, 1)
	s.Set(named("CBA"))
	if id, _ := s.Pick(new(lvs.Tuple)); id != 3 {
		t.Errorf("after A, now last in the list, comes %d, want 3, the first", id)
	}
}
