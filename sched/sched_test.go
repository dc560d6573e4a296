package sched

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// kernelNames are all the schedulers of the kernel, the lack of one, and what is none.
var kernelNames = []string{
	"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "dh", "sh", "mh", "lblc", "lblcr", "twos",
	"none", "", "RR", "rr ",
}

func TestNewKnowsTheNames(t *testing.T) {
	for _, name := range kernelNames {
		s, err := New(name, Options{Loads: new(lvs.Loads)})
		if slices.Contains(lvs.SchedulerNames[:], name) || name == lvs.NoScheduler {
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
	s, err := New(name, Options{Loads: loads})
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

// seekers are the schedulers that find a usable destination if there is one. The
// others are content with the one that a hash led to.
var seekers = []string{"rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "twos", "lblc", "lblcr"}

// TestNobodyUsable checks that every scheduler says so, and recovers.
func TestNobodyUsable(t *testing.T) {
	for _, name := range seekers {
		loads := grown()
		s := newScheduler(t, name, loads, nil)
		for _, dests := range [][]Dest{nil, list(0), list(0, 0, 0)} {
			s.Set(dests)
			if got := picks(s, 2); got != "--" {
				t.Errorf("%s: picks of %v = %s, want --", name, dests, got)
			}
		}
		s.Set(list(0, 1, 0))
		overload(loads, 2)
		if got := picks(s, 2); got != "--" {
			t.Errorf("%s: picks of one that is overloaded = %s, want --", name, got)
		}
		loads.At(2).Unbind()
		if got := picks(s, 2); got != "BB" {
			t.Errorf("%s: picks of weights 0 1 0 = %s, want BB", name, got)
		}
	}
}

// TestPickBeforeSet checks that a scheduler is ready as New returns it.
func TestPickBeforeSet(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		s, err := New(name, Options{Loads: grown()})
		if err != nil {
			t.Fatal(err)
		}
		if got := picks(s, 2); got != "--" {
			t.Errorf("%s: picks before Set = %s, want --", name, got)
		}
	}
}

// TestNeverAnUnusableOne lets destinations be quiesced and overloaded. Every
// connection is to another address, since lblc lets an address keep one that is
// overloaded.
func TestNeverAnUnusableOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(seekers).Draw(t, "name")
		loads := grown()
		s, _ := New(name, Options{Loads: loads})
		var to lvs.Tuple
		for range rapid.IntRange(1, 3).Draw(t, "reloads") {
			dests := list(weights(8, 5).Draw(t, "weights")...)
			s.Set(dests)
			usable := map[lvs.DestID]bool{}
			for _, d := range dests {
				full := rapid.Bool().Draw(t, "overloaded")
				loads.At(d.ID).Total.Store(1)
				loads.At(d.ID).SetThresholds(map[bool]int32{true: 1}[full], 0)
				if d.Weight > 0 && !full {
					usable[d.ID] = true
				}
			}
			for range 20 {
				to.Dst.Lo++
				if id, ok := s.Pick(&to); ok != (len(usable) > 0) || ok && !usable[id] {
					t.Fatalf("%s: Pick of %v = %d, %t, want one of %v", name, dests, id, ok, usable)
				}
			}
		}
	})
}

// TestSetLeavesTheSlice checks that a caller may use its slice again.
func TestSetLeavesTheSlice(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		dests := list(1)
		s := newScheduler(t, name, grown(), dests)
		clear(dests)
		if got := picks(s, 1); got != "A" {
			t.Errorf("%s: pick after the caller cleared its slice = %s, want A", name, got)
		}
	}
}

// TestWorkersAndReload lets workers pick while destinations come, go, are full
// and forgotten; the race detector is the judge, beside the counts.
func TestWorkersAndReload(t *testing.T) {
	const workers, each = 4, 2000
	for _, name := range lvs.SchedulerNames {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newScheduler(t, name, loads, list(1, 2, 3))
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for i := range uint64(each) {
						id, ok := s.Pick(&lvs.Tuple{Dst: lvs.Addr{Lo: i % 100}})
						if !ok || id < 1 || id > 4 {
							t.Errorf("Pick = %d, %t, want one of four", id, ok)
							return
						}
						loads.At(id).Bind()
					}
				})
			}
			for i := range 200 {
				s.Set(list([]int32{1, 2, 3, 4}[:1+i%4]...))
				if slices.Contains(seekers, name) { // the first destination is always usable
					loads.At(2).SetThresholds(int32(i%2), 0)
				}
				if e, ok := s.(Expirer); ok {
					e.Expire(time.Duration(i)*ExpireInterval, 2*ExpireInterval)
				}
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

// TestExpirers checks who has a memory.
func TestExpirers(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		want := name == "lblc" || name == "lblcr"
		if _, ok := newScheduler(t, name, grown(), nil).(Expirer); ok != want {
			t.Errorf("%s is an Expirer: %t, want %t", name, ok, want)
		}
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	for _, name := range lvs.SchedulerNames {
		s, tuple := newScheduler(t, name, grown(), list(3, 2, 1)), new(lvs.Tuple)
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

// BenchmarkPick has busy destinations, of which the best is somewhere in between.
func BenchmarkPick(b *testing.B) {
	for _, name := range lvs.SchedulerNames {
		for label, n := range map[string]int{"10": 10, "1000": 1000} {
			b.Run(name+"/dests="+label, func(b *testing.B) {
				loads, weights := grown(), make([]int32, n)
				for i := range weights {
					weights[i] = int32(1 + i%10)
					setLoad(loads, lvs.DestID(i+1), load{int32(1 + i*7%13), 100})
				}
				s, tuple := newScheduler(b, name, loads, list(weights...)), new(lvs.Tuple)
				b.ReportAllocs()
				for b.Loop() {
					s.Pick(tuple)
				}
			})
		}
	}
}
