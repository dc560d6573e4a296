package sched

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// A load is how many connections a destination has.
type load struct{ active, inactive int32 }

// setLoad gives destination id its load.
func setLoad(loads *lvs.Loads, id lvs.DestID, l load) {
	loads.At(id).Active.Store(l.active)
	loads.At(id).Total.Store(l.active + l.inactive)
}

// A choice is who is wanted, as a letter, of destinations with these weights and
// loads.
type choice struct {
	weights []int32
	loads   []load
	want    string
}

// testChoices checks the choices of the scheduler called name.
func testChoices(t *testing.T, name string, tests map[string]choice) {
	for label, tt := range tests {
		t.Run(label, func(t *testing.T) {
			loads := grown()
			s := newScheduler(t, name, loads, list(tt.weights...))
			for i, l := range tt.loads {
				setLoad(loads, lvs.DestID(i+1), l)
			}
			if got := picks(s, 1); got != tt.want {
				t.Errorf("pick of weights %v with %v = %s, want %s", tt.weights, tt.loads, got, tt.want)
			}
		})
	}
}

// A sequence is who is wanted one after the other, of destinations with these
// weights that are idle at first and lose no connection.
type sequence struct {
	weights []int32
	want    string
}

// testSequences checks sequences of the scheduler called name.
func testSequences(t *testing.T, name string, tests map[string]sequence) {
	for label, tt := range tests {
		t.Run(label, func(t *testing.T) {
			loads := grown()
			s := newScheduler(t, name, loads, list(tt.weights...))
			if got := connect(s, loads, len(tt.want)); got != tt.want {
				t.Errorf("connections to %v = %s, want %s", tt.weights, got, tt.want)
			}
		})
	}
}

// connect makes n active connections as s chooses and returns to whom.
func connect(s Scheduler, loads *lvs.Loads, n int) string {
	var b strings.Builder
	for range n {
		to := picks(s, 1)
		b.WriteString(to)
		if to != "-" {
			l := loads.At(lvs.DestID(to[0] - 'A' + 1))
			l.Active.Add(1)
			l.Bind()
		}
	}
	return b.String()
}

// rules are what schedulers by load minimize, for a destination that is usable;
// nil bars it.
var rules = map[string]func(weight int32, l load) *big.Rat{
	"lc": func(_ int32, l load) *big.Rat { return quotient(257*l.active+l.inactive, 1) },
	"wlc": func(weight int32, l load) *big.Rat {
		return quotient(257*l.active+l.inactive, weight)
	},
	"sed": func(weight int32, l load) *big.Rat { return quotient(l.active+1, weight) },
	"nq": func(weight int32, l load) *big.Rat {
		if l.active == 0 {
			return new(big.Rat)
		}
		return quotient(l.active+1, weight)
	},
	"fo": func(weight int32, _ load) *big.Rat { return quotient(-weight, 1) },
	"ovf": func(weight int32, l load) *big.Rat {
		if l.active > weight {
			return nil
		}
		return quotient(-weight, 1)
	},
}

func quotient(a, b int32) *big.Rat { return big.NewRat(int64(a), int64(b)) }

// TestChoicesAgreeWithTheRules compares with an oracle that divides.
func TestChoicesAgreeWithTheRules(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				loads, dests := grown(), list(weights(8, 5).Draw(t, "weights")...)
				var want lvs.DestID
				var least *big.Rat
				for _, d := range dests {
					l := load{rapid.Int32Range(0, 6).Draw(t, "active"), rapid.Int32Range(1, 600).Draw(t, "inactive")}
					setLoad(loads, d.ID, l)
					if rapid.IntRange(0, 4).Draw(t, "overloaded") == 0 {
						loads.At(d.ID).SetThresholds(1, 0)
						continue
					}
					if d.Weight == 0 {
						continue
					}
					if r := rule(d.Weight, l); r != nil && (least == nil || r.Cmp(least) < 0) {
						want, least = d.ID, r
					}
				}
				s, _ := New(name, Options{Loads: loads})
				s.Set(dests)
				if id, ok := s.Pick(new(lvs.Tuple)); id != want || ok != (want != 0) {
					t.Fatalf("Pick of %v = %d, %t, want %d", dests, id, ok, want)
				}
			})
		})
	}
}
