package sched

import (
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// setLoad gives destination id its load.
func setLoad(loads *lvs.Loads, id lvs.DestID, active, inactive int32) {
	loads.At(id).Active.Store(active)
	loads.At(id).Total.Store(active + inactive)
}

func TestWLC(t *testing.T) {
	type load struct{ active, inactive int32 }
	tests := map[string]struct {
		weights []int32
		loads   []load
		want    string
	}{
		"all idle, first in the list":  {[]int32{1, 1, 1}, []load{{}, {}, {}}, "A"},
		"all idle, weight is no help":  {[]int32{1, 9}, []load{{}, {}}, "A"},
		"least active":                 {[]int32{1, 1, 1}, []load{{3, 0}, {1, 0}, {2, 0}}, "B"},
		"equal by weight, first":       {[]int32{1, 2, 3}, []load{{1, 0}, {2, 0}, {3, 0}}, "A"},
		"least for its weight":         {[]int32{1, 3}, []load{{1, 0}, {2, 0}}, "B"},
		"256 inactive weigh less":      {[]int32{1, 1}, []load{{1, 0}, {0, 256}}, "B"},
		"257 inactive weigh the same":  {[]int32{1, 1}, []load{{1, 0}, {0, 257}}, "A"},
		"258 inactive weigh more":      {[]int32{1, 1}, []load{{0, 258}, {1, 0}}, "B"},
		"quiesced and idle":            {[]int32{0, 1, 0}, []load{{}, {1000, 0}, {}}, "B"},
		"products over 32 bits":        {[]int32{65535, 65534}, []load{{1 << 30, 0}, {1<<30 - 1<<14, 0}}, "A"},
		"products over 32 bits, other": {[]int32{65535, 65534}, []load{{1 << 30, 0}, {1<<30 - 1<<15, 0}}, "B"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newScheduler(t, "wlc", loads, list(tt.weights...))
			for i, l := range tt.loads {
				setLoad(loads, lvs.DestID(i+1), l.active, l.inactive)
			}
			if got := picks(s, 1); got != tt.want {
				t.Errorf("pick of weights %v with %v = %s, want %s", tt.weights, tt.loads, got, tt.want)
			}
		})
	}
}

// TestWLCFollowsTheLoad checks that connections spread by weight while nobody
// closes one.
func TestWLCFollowsTheLoad(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "wlc", loads, list(1, 2, 3))
	for range 600 {
		id, _ := s.Pick(new(lvs.Tuple))
		loads.At(id).Active.Add(1)
		loads.At(id).Total.Add(1)
	}
	for id := lvs.DestID(1); id <= 3; id++ {
		if n, want := loads.At(id).Active.Load(), int32(id)*100; n != want {
			t.Errorf("destination %d has %d of 600 connections, want %d", id, n, want)
		}
	}
}

// TestWLCIsMinimal compares with an oracle that reduces nothing to products.
func TestWLCIsMinimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loads := grown()
		dests := list(weights(8, 5).Draw(t, "weights")...)
		s := newWLC(loads)
		s.Set(dests)
		var want lvs.DestID
		for _, d := range dests {
			setLoad(loads, d.ID, rapid.Int32Range(0, 4).Draw(t, "active"), rapid.Int32Range(0, 300).Draw(t, "inactive"))
			if d.Weight > 0 && (want == 0 || perWeight(loads, d) < perWeight(loads, dests[want-1])) {
				want = d.ID
			}
		}
		if id, ok := s.Pick(new(lvs.Tuple)); id != want || ok != (want != 0) {
			t.Fatalf("Pick of %v = %d, %t, want %d", dests, id, ok, want)
		}
	})
}

// perWeight returns the overhead of d divided by its weight, in sixtieths,
// which every weight up to 5 divides.
func perWeight(loads *lvs.Loads, d Dest) int {
	l := loads.At(d.ID)
	return 60 * (257*int(l.Active.Load()) + int(l.Inactive())) / int(d.Weight)
}
