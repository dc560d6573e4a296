package sched

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// drawing makes s draw r1, r2, r1, r2 and so on.
func drawing(s *twos, r1, r2 int64) {
	s.below = func(int64) int64 {
		r := r1
		r1, r2 = r2, r1
		return r
	}
}

func TestTwos(t *testing.T) {
	tests := map[string]struct {
		weights []int32
		loads   []load
		r1, r2  int64
		want    string
	}{
		"zero is the first":           {[]int32{2, 3}, []load{{}, {}}, 0, 0, "A"},
		"up to its weight":            {[]int32{2, 3}, []load{{}, {}}, 2, 2, "A"},
		"then the next":               {[]int32{2, 3}, []load{{}, {}}, 3, 3, "B"},
		"the total is the last":       {[]int32{2, 3}, []load{{}, {}}, 5, 5, "B"},
		"quiesced ones are no part":   {[]int32{0, 2, 0, 3}, []load{{}, {}, {}, {}}, 3, 0, "D"},
		"equal loads, the first draw": {[]int32{1, 1}, []load{{1, 0}, {1, 0}}, 2, 1, "B"},
		"less load, second draw":      {[]int32{1, 1}, []load{{1, 0}, {2, 0}}, 2, 1, "A"},
		"less load, first draw":       {[]int32{1, 1}, []load{{1, 0}, {2, 0}}, 1, 2, "A"},
		"less load for its weight":    {[]int32{1, 3}, []load{{1, 0}, {2, 0}}, 1, 2, "B"},
		"the same twice":              {[]int32{1, 1}, []load{{}, {9, 0}}, 2, 2, "B"},
		"beyond the end, the last":    {[]int32{1, 1}, []load{{}, {}}, 9, 9, "B"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newTwos(loads)
			s.Set(list(tt.weights...))
			for i, l := range tt.loads {
				setLoad(loads, lvs.DestID(i+1), l)
			}
			drawing(s, tt.r1, tt.r2)
			if got := picks(s, 1); got != tt.want {
				t.Errorf("pick of %v with %v, drawing %d and %d = %s, want %s", tt.weights, tt.loads, tt.r1, tt.r2, got, tt.want)
			}
		})
	}
}

// TestTwosIsProportional goes through all that can be drawn. While nobody is
// busy, the first draw decides, so each gets its weight's part, and the first
// the zero as well.
func TestTwosIsProportional(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(6, 9).Draw(t, "weights")...)
		s := newTwos(grown())
		s.Set(dests)
		var total int64
		for _, d := range dests {
			total += int64(d.Weight)
		}
		got := map[lvs.DestID]int64{}
		for r := range total + 1 {
			drawing(s, r, 0)
			id, _ := s.Pick(new(lvs.Tuple))
			got[id]++
		}
		zero := int64(1)
		for _, d := range dests {
			want := int64(d.Weight)
			if d.Weight > 0 {
				want, zero = want+zero, 0
			}
			if got[d.ID] != want {
				t.Fatalf("all draws of %v: %d of %d, want %d", dests, got[d.ID], d.ID, want)
			}
		}
	})
}

// TestTwosFollowsTheLoad checks that a draw may be unlucky, but not for long.
func TestTwosFollowsTheLoad(t *testing.T) {
	const n = 6000
	loads := grown()
	s := newTwos(loads)
	s.below = rand.New(rand.NewPCG(1, 2)).Int64N
	s.Set(list(1, 2, 3))
	connect(s, loads, n)
	for id := lvs.DestID(1); id <= 3; id++ {
		want := int32(id) * n / 6
		if got := loads.At(id).Active.Load(); got < want-want/20 || got > want+want/20 {
			t.Errorf("destination %d has %d of %d connections, want about %d", id, got, n, want)
		}
	}
}

// TestTwosDrawsInRange checks what is asked of the source.
func TestTwosDrawsInRange(t *testing.T) {
	s := newTwos(grown())
	s.Set(list(2, 0, 3))
	s.below = func(n int64) int64 {
		if n != 6 {
			t.Errorf("drew below %d, want 6: from zero to the total", n)
		}
		return 0
	}
	picks(s, 1)
}
