package sched

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// TestWRRSequences holds sequences known from the kernel.
func TestWRRSequences(t *testing.T) {
	tests := map[string]struct {
		weights []int32
		want    string
	}{
		"the classic":              {[]int32{4, 3, 2}, "AABABCABCAABABCABC"},
		"equal":                    {[]int32{1, 1, 1}, "ABCABC"},
		"equal and large":          {[]int32{100, 100}, "ABAB"},
		"common divisor":           {[]int32{40, 30, 20}, "AABABCABC"},
		"two to one":               {[]int32{2, 1}, "AABAAB"},
		"heaviest last":            {[]int32{1, 3}, "BBABBBAB"},
		"quiesced does not divide": {[]int32{0, 6, 3}, "BBCBBC"},
		"one alone":                {[]int32{7}, "AAA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newWRR(grown())
			s.Set(list(tt.weights...))
			if got := picks(s, len(tt.want)); got != tt.want {
				t.Errorf("picks of %v = %s, want %s", tt.weights, got, tt.want)
			}
		})
	}
}

// TestWRRReload checks that a change starts the walk anew at the level reached.
func TestWRRReload(t *testing.T) {
	tests := map[string]struct {
		picks int // of the weights 4, 3, 2
		after []int32
		want  string
	}{
		"equal dests change nothing":   {4, []int32{4, 3, 2}, "BCABC"},
		"level kept, walk anew":        {4, []int32{4, 3, 2, 1}, "ABCABCDAABABCABCD"},
		"level too high":               {1, []int32{1, 1, 1}, "ABCABC"},
		"level rounded to the divisor": {5, []int32{4, 2, 2}, "AABCA"},
		"everybody quiesced":           {1, []int32{0, 0, 0}, "--"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newWRR(grown())
			s.Set(list(4, 3, 2))
			picks(s, tt.picks)
			s.Set(list(tt.after...))
			if got := picks(s, len(tt.want)); got != tt.want {
				t.Errorf("%d picks, then of %v = %s, want %s", tt.picks, tt.after, got, tt.want)
			}
		})
	}
}

// TestWRRRestart checks that a walk begins anew at its level.
func TestWRRRestart(t *testing.T) {
	tests := map[string]struct {
		weights []int32
		picks   int
		want    string
	}{
		"before anything":   {[]int32{4, 3, 2}, 0, "AABABCABC"},
		"in a walk":         {[]int32{4, 3, 2}, 4, "ABCABC"},
		"at the end of one": {[]int32{4, 3, 2}, 3, "ABABCABC"},
		"equal weights":     {[]int32{1, 1, 1}, 2, "ABC"},
		"nobody":            {[]int32{0, 0}, 1, "--"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newWRR(grown())
			s.Set(list(tt.weights...))
			picks(s, tt.picks)
			s.Restart()
			if got := picks(s, len(tt.want)); got != tt.want {
				t.Errorf("%d picks of %v, then a new walk = %s, want %s", tt.picks, tt.weights, got, tt.want)
			}
		})
	}
}

// TestWRRBegins checks that a service that begins empty has its walk begin where the
// kernel's does: low, if the first destination was light.
func TestWRRBegins(t *testing.T) {
	tests := map[string]struct {
		weights []int32 // the last is added first
		want    string
	}{
		"heavy first":            {[]int32{1, 3}, "ABBBAB"},
		"light first":            {[]int32{3, 1}, "ABAAAB"},
		"with a divisor":         {[]int32{4, 2}, "ABAABA"},
		"quiesced first":         {[]int32{3, 0}, "AAA"},
		"divisor, then none":     {[]int32{1, 2, 3}, "ABCCBC"},
		"alone, as any is alone": {[]int32{5}, "AAA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newWRR(grown())
			s.Set(nil)
			s.Set(list(tt.weights...))
			if got := picks(s, len(tt.want)); got != tt.want {
				t.Errorf("picks of %v = %s, want %s", tt.weights, got, tt.want)
			}
		})
	}
}

// TestWRRLargestWeights checks the arithmetic at the end of its range, where a
// walk for each level would take for ever.
func TestWRRLargestWeights(t *testing.T) {
	s := newWRR(grown())
	s.Set(list(math.MaxInt32, math.MaxInt32-1))
	if got, want := picks(s, 7), "AABABAB"; got != want {
		t.Errorf("picks of the largest weights = %s, want %s", got, want)
	}
}

// TestWRROverloaded checks that a walk passes over the overloaded, and that
// neither it nor a search for nobody takes a walk for each level.
func TestWRROverloaded(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "wrr", loads, list(math.MaxInt32, 2, 1))
	overload(loads, 1)
	if got, want := picks(s, 6), "BBCBBC"; got != want {
		t.Errorf("picks while the heaviest is overloaded = %s, want %s", got, want)
	}
	overload(loads, 2)
	overload(loads, 3)
	if got, want := picks(s, 2), "--"; got != want {
		t.Errorf("picks while all are overloaded = %s, want %s", got, want)
	}
	loads.At(1).Unbind()
	if got, want := picks(s, 2), "AA"; got != want {
		t.Errorf("picks when the heaviest is free again = %s, want %s", got, want)
	}
}

// TestWRROverloadedLevel checks that passing over levels keeps in step with
// those that the kernel goes through one by one: 9, 7, 5, 3 for these weights.
func TestWRROverloadedLevel(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "wrr", loads, list(10, 4, 2))
	overload(loads, 1)
	got := picks(s, 1)
	loads.At(1).Unbind()
	s.Set(list(4, 3, 1))
	if got, want := got+picks(s, 8), "BABABABCA"; got != want {
		t.Errorf("picks while and after the heaviest is overloaded = %s, want %s", got, want)
	}
}

// TestWRRIsProportional checks the counts of full cycles.
func TestWRRIsProportional(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(8, 30).Draw(t, "weights")...)
		s := newWRR(grown())
		s.Set(dests)
		cycle := 0
		for _, d := range dests {
			cycle += int(d.Weight / divisor(dests))
		}
		got := picks(s, 2*cycle)
		for i, d := range dests {
			letter := string(rune('A' + i))
			if n, want := strings.Count(got, letter), 2*int(d.Weight/divisor(dests)); n != want {
				t.Fatalf("two cycles of %v = %s: %d of %s, want %d", dests, got, n, letter, want)
			}
		}
		if got[:cycle] != got[cycle:] {
			t.Fatalf("cycles of %v differ: %s and %s", dests, got[:cycle], got[cycle:])
		}
	})
}

// A node is an element of the kernel's circular list.
type node struct {
	next *node
	dest Dest
}

// A slowWRR is the kernel's rule word for word, on the kernel's kind of list,
// for one destination changed at a time.
type slowWRR struct {
	loads      *lvs.Loads
	list       *node // the head, which holds no destination
	cl         *node
	cw, mw, di int
}

// change goes from some destinations to others: it deletes and edits in one step,
// then adds one after the other. The kernel is not told of no change.
func (s *slowWRR) change(from, to []Dest) {
	if slices.Equal(from, to) {
		return
	}
	isNew := func(d Dest) bool { return !slices.ContainsFunc(from, func(e Dest) bool { return d.ID == e.ID }) }
	there := slices.DeleteFunc(slices.Clone(to), isNew)
	if !slices.Equal(from, there) {
		s.mark(there)
	}
	for _, d := range slices.Backward(to) {
		if isNew(d) {
			there = append(there, d)
			s.mark(there)
		}
	}
	s.set(to)
}

// set rebuilds the list.
func (s *slowWRR) set(dests []Dest) {
	s.list = new(node)
	s.list.next = s.list
	for _, d := range slices.Backward(dests) {
		s.list.next = &node{s.list.next, d} // list_add
	}
	s.cl = s.list
}

// mark does what add, delete and update do to the mark.
func (s *slowWRR) mark(dests []Dest) {
	s.di = 0
	most := heaviest(dests)
	for d := most; d > 0 && s.di == 0; d-- {
		if !slices.ContainsFunc(dests, func(e Dest) bool { return e.Weight%d != 0 }) {
			s.di = int(d)
		}
	}
	s.di = max(s.di, 1)
	s.mw = int(most) - (s.di - 1)
	if s.cw > s.mw || s.cw == 0 {
		s.cw = s.mw
	} else if s.di > 1 {
		s.cw = s.cw/s.di*s.di + 1
	}
}

// pick is ip_vs_wrr_schedule.
func (s *slowWRR) pick() (lvs.DestID, bool) {
	if s.mw == 0 {
		return 0, false
	}
	dest, last, stop := s.cl, s.cl, (*node)(nil)
	lastPass, restarted := false, false
	for {
		for dest = dest.next; dest != s.list; dest = dest.next {
			if d := dest.dest; !s.loads.At(d.ID).Overloaded() && int(d.Weight) >= s.cw {
				s.cl = dest
				return dest.dest.ID, true
			}
			if dest == stop {
				s.cl = dest
				return 0, false
			}
		}
		if s.cw -= s.di; s.cw <= 0 {
			s.cw = s.mw
			if lastPass || last == s.list {
				s.cl = dest
				return 0, false
			}
			restarted = true
		}
		if lastPass = s.cw <= s.di; lastPass && restarted && last != s.list {
			stop = last
		}
	}
}

// TestWRRAgreesWithTheKernel compares every choice across reloads, while
// destinations are overloaded and are not.
func TestWRRAgreesWithTheKernel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loads := grown()
		fast, slow := newWRR(loads), &slowWRR{loads: loads}
		slow.set(nil)
		fast.Set(nil)
		var dests []Dest
		for id := range lvs.DestID(6) {
			loads.At(id + 1).Bind()
		}
		for range rapid.IntRange(1, 6).Draw(t, "reloads") {
			next := list(weights(6, 12).Draw(t, "weights")...)
			fast.Set(next)
			slow.change(dests, next)
			dests = next
			for i := range rapid.IntRange(0, 40).Draw(t, "picks") {
				if id := lvs.DestID(rapid.Uint32Range(0, 30).Draw(t, "flips")); int(id) < 2*len(dests) {
					loads.At(id/2+1).SetThresholds(int32(id%2), 0) // of one connection
				}
				id, ok := fast.Pick(new(lvs.Tuple))
				if wantID, wantOK := slow.pick(); id != wantID || ok != wantOK {
					t.Fatalf("pick %d of %v = %d, %t, want %d, %t", i, dests, id, ok, wantID, wantOK)
				}
			}
		}
	})
}
