package rate

import (
	"slices"
	"testing"
	"testing/quick"
)

// TestGoldenSequences has what the kernel's arithmetic gives, computed outside.
func TestGoldenSequences(t *testing.T) {
	tests := map[string]struct {
		each Counts // growth per period
		of   func(Rates) uint64
		want []uint64
	}{
		"200 connections every 2 s": {
			Counts{Conns: 200}, func(r Rates) uint64 { return r.Conns },
			[]uint64{25, 44, 58, 68, 76, 82, 87, 90, 92, 94, 96, 97},
		},
		"200 packets in every 2 s": {
			Counts{InPkts: 200}, func(r Rates) uint64 { return r.InPkts },
			[]uint64{25, 44, 58, 68, 76, 82, 87, 90, 92, 94, 96, 97},
		},
		"200 packets out every 2 s": {
			Counts{OutPkts: 200}, func(r Rates) uint64 { return r.OutPkts },
			[]uint64{25, 44, 58, 68, 76, 82, 87, 90, 92, 94, 96, 97},
		},
		"2,000,000 bytes in every 2 s": {
			Counts{InBytes: 2_000_000}, func(r Rates) uint64 { return r.InBytes },
			[]uint64{250000, 437500, 578125, 683594, 762695, 822021, 866516, 899887},
		},
		"2,000,000 bytes out every 2 s": {
			Counts{OutBytes: 2_000_000}, func(r Rates) uint64 { return r.OutBytes },
			[]uint64{250000, 437500, 578125, 683594, 762695, 822021, 866516, 899887},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := run(new(Estimator), Counts{}, tt.each, len(tt.want), tt.of); !slices.Equal(got, tt.want) {
				t.Errorf("rates = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDecay(t *testing.T) {
	var e Estimator
	conns := func(r Rates) uint64 { return r.Conns }
	if got := run(&e, Counts{}, Counts{Conns: 200}, 100, conns)[99]; got != 100 {
		t.Fatalf("settled at %d, want 100", got)
	}
	want := []uint64{75, 56, 42, 32, 24, 18, 13, 10, 8, 6, 4, 3}
	if got := run(&e, Counts{Conns: 100 * 200}, Counts{}, len(want), conns); !slices.Equal(got, want) {
		t.Errorf("rates = %v, want %v", got, want)
	}
}

// run updates e n times, growing from start by each, and returns what of says
// after every update.
func run(e *Estimator, start, each Counts, n int, of func(Rates) uint64) []uint64 {
	var got []uint64
	for c := start; len(got) < n; got = append(got, of(e.Rates())) {
		c.Conns += each.Conns
		c.InPkts += each.InPkts
		c.OutPkts += each.OutPkts
		c.InBytes += each.InBytes
		c.OutBytes += each.OutBytes
		e.Update(c)
	}
	return got
}

func TestResetBeginsAgain(t *testing.T) {
	var e Estimator
	e.Update(Counts{Conns: 1000, OutBytes: 1 << 40})
	e.Reset(Counts{Conns: 1000, OutBytes: 1 << 40})
	if got := e.Rates(); got != (Rates{}) {
		t.Errorf("rates after Reset = %+v", got)
	}
	e.Update(Counts{Conns: 1200, OutBytes: 1 << 40})
	if got := e.Rates(); got != (Rates{Conns: 25}) {
		t.Errorf("rates = %+v, want 25 connections: what was before Reset does not count", got)
	}
}

// TestSettlesAtTheRate holds that a steady rate is estimated exactly in the end,
// and never overestimated on the way.
func TestSettlesAtTheRate(t *testing.T) {
	settles := func(perSecond uint32) bool {
		var e Estimator
		var c Counts
		for range 200 {
			c.OutBytes += 2 * uint64(perSecond)
			e.Update(c)
			if e.Rates().OutBytes > uint64(perSecond) {
				return false
			}
		}
		return e.Rates().OutBytes == uint64(perSecond)
	}
	if err := quick.Check(settles, nil); err != nil {
		t.Error(err)
	}
}
