package sched

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// kernelNames are all the schedulers of the kernel, and what is none.
var kernelNames = []string{
	"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "dh", "sh", "mh", "lblc", "lblcr", "twos",
	"none", "", "RR", "rr ",
}

func TestNewKnowsTheNames(t *testing.T) {
	for _, name := range kernelNames {
		s, err := New(name, new(lvs.Loads))
		if slices.Contains(lvs.SchedulerNames[:], name) {
			if err != nil || s == nil {
				t.Errorf("New(%q) = %v, %v, want a scheduler", name, s, err)
			}
		} else if !errors.Is(err, ErrUnknown) || s != nil {
			t.Errorf("New(%q) = %v, %v, want ErrUnknown", name, s, err)
		}
	}
	for _, name := range append(lvs.SchedulerNames[:], lvs.DefaultScheduler) {
		if !slices.Contains(kernelNames, name) {
			t.Errorf("%q is not a scheduler of the kernel", name)
		}
	}
}

// list returns destinations of these weights, in list order, with the numbers
// 1, 2, 3 and so on: A, B, C for letters.
func list(weights ...int32) []Dest {
	dests := make([]Dest, len(weights))
	for i, w := range weights {
		dests[i] = Dest{ID: lvs.DestID(i + 1), Addr: lvs.Addr4(0xc0000200 + uint32(i)), Port: 80, Weight: w}
	}
	return dests
}

// named returns destinations by letter, all of weight 1: named("DAB").
func named(letters string) []Dest {
	dests := make([]Dest, len(letters))
	for i, l := range letters {
		dests[i] = Dest{ID: lvs.DestID(l - 'A' + 1), Weight: 1}
	}
	return dests
}

// picks returns the next n choices of s as letters, "-" for none.
func picks(s Scheduler, n int) string {
	var b strings.Builder
	for range n {
		if id, ok := s.Pick(new(lvs.Tuple)); ok {
			b.WriteByte('A' + byte(id) - 1)
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

// grown returns loads with room for the destinations of list.
func grown() *lvs.Loads {
	loads := new(lvs.Loads)
	loads.Grow(1)
	return loads
}

// newScheduler returns the scheduler called name, with dests.
func newScheduler(t testing.TB, name string, loads *lvs.Loads, dests []Dest) Scheduler {
	t.Helper()
	s, err := New(name, loads)
	if err != nil {
		t.Fatal(err)
	}
	s.Set(dests)
	return s
}

// weights draws the weights of up to n destinations, quiesced ones among them.
func weights(n int, most int32) *rapid.Generator[[]int32] {
	return rapid.SliceOfN(rapid.OneOf(rapid.Just(int32(0)), rapid.Int32Range(0, most)), 0, n)
}

// TestNobodyUsable checks that every scheduler says so, and recovers.
func TestNobodyUsable(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		s, err := New(name, grown())
		if err != nil {
			t.Fatal(err)
		}
		if got := picks(s, 2); got != "--" {
			t.Errorf("%s: picks before Set = %s, want --", name, got)
		}
		for _, dests := range [][]Dest{nil, list(0), list(0, 0, 0)} {
			s.Set(dests)
			if got := picks(s, 2); got != "--" {
				t.Errorf("%s: picks of %v = %s, want --", name, dests, got)
			}
		}
		s.Set(list(0, 1, 0))
		if got := picks(s, 2); got != "BB" {
			t.Errorf("%s: picks of weights 0 1 0 = %s, want BB", name, got)
		}
	}
}

func TestNeverAQuiescedOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(lvs.SchedulerNames[:]).Draw(t, "name")
		s, _ := New(name, grown())
		for range rapid.IntRange(1, 3).Draw(t, "reloads") {
			dests := list(weights(8, 5).Draw(t, "weights")...)
			s.Set(dests)
			usable := slices.ContainsFunc(dests, func(d Dest) bool { return d.Weight > 0 })
			for range 20 {
				id, ok := s.Pick(new(lvs.Tuple))
				if ok != usable {
					t.Fatalf("%s: Pick of %v = _, %t, want %t", name, dests, ok, usable)
				}
				if ok && dests[id-1].Weight == 0 {
					t.Fatalf("%s: Pick of %v = %d, which is quiesced", name, dests, id)
				}
			}
		}
	})
}

// TestSetLeavesTheSlice checks that a caller may use its slice again.
func TestSetLeavesTheSlice(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		dests := list(1, 1)
		s := newScheduler(t, name, grown(), dests)
		clear(dests)
		if got := picks(s, 1); got != "A" {
			t.Errorf("%s: pick after the caller cleared its slice = %s, want A", name, got)
		}
	}
}

// TestWorkersAndReload lets workers pick while destinations come and go; the
// race detector is the judge, beside the counts.
func TestWorkersAndReload(t *testing.T) {
	const workers, each = 4, 2000
	for _, name := range lvs.SchedulerNames {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newScheduler(t, name, loads, list(1, 2, 3))
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for range each {
						id, ok := s.Pick(new(lvs.Tuple))
						if !ok || id < 1 || id > 4 {
							t.Errorf("Pick = %d, %t, want one of four", id, ok)
							return
						}
						loads.At(id).Total.Add(1)
					}
				})
			}
			for i := range 200 {
				s.Set(list([]int32{1, 2, 3, 4}[:1+i%4]...))
			}
			wg.Wait()
			var total int32
			for id := lvs.DestID(1); id <= 4; id++ {
				total += loads.At(id).Total.Load()
			}
			if total != workers*each {
				t.Errorf("%d picks were counted, want %d", total, workers*each)
			}
		})
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		s, tuple := newScheduler(t, name, grown(), list(0, 3, 2, 1)), new(lvs.Tuple)
		n := testing.AllocsPerRun(100, func() {
			if _, ok := s.Pick(tuple); !ok {
				t.Fatalf("%s: nobody picked", name)
			}
		})
		if n != 0 {
			t.Errorf("%s: Pick allocates %v times, want 0", name, n)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, name := range lvs.SchedulerNames {
		for label, n := range map[string]int{"10": 10, "1000": 1000} {
			b.Run(name+"/dests="+label, func(b *testing.B) {
				dests := make([]int32, n)
				for i := range dests {
					dests[i] = int32(1 + i%10)
				}
				s, tuple := newScheduler(b, name, grown(), list(dests...)), new(lvs.Tuple)
				b.ReportAllocs()
				for b.Loop() {
					s.Pick(tuple)
				}
			})
		}
	}
}
