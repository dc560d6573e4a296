package lvs

import (
	"sync"
	"testing"
)

func TestLoad(t *testing.T) {
	tests := map[string]struct {
		active, total int32
		overhead      int64
		inactive      int32
	}{
		"idle":                     {0, 0, 0, 0},
		"one inactive":             {0, 1, 1, 1},
		"one active":               {1, 1, 257, 0},
		"257 inactive":             {0, 257, 257, 257},
		"some of both":             {3, 10, 3*256 + 10, 7},
		"more than 32 bits":        {1 << 30, 1 << 30, 1<<38 + 1<<30, 0},
		"counts in between writes": {2, 1, 2*256 + 1, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var l Load
			l.Active.Store(tt.active)
			l.Total.Store(tt.total)
			if got := l.Overhead(); got != tt.overhead {
				t.Errorf("Overhead() = %d, want %d", got, tt.overhead)
			}
			if got := l.Inactive(); got != tt.inactive {
				t.Errorf("Inactive() = %d, want %d", got, tt.inactive)
			}
		})
	}
}

func TestLoadsNeverMove(t *testing.T) {
	var l Loads
	ids := []DestID{0, 1, loadBlock - 1, loadBlock, 5*loadBlock + 7, MaxDestinations - 1}
	at := make(map[DestID]*Load)
	for i, id := range ids {
		l.Grow(id)
		at[id] = l.At(id)
		at[id].Total.Store(int32(i + 1))
	}
	for i, id := range ids {
		l.Grow(id)
		if l.At(id) != at[id] || l.At(id).Total.Load() != int32(i+1) {
			t.Errorf("load of destination %d has moved, or lost its count", id)
		}
	}
}

// TestLoadsGrowWhileWorkersCount is one for the race detector: the control
// plane adds destinations while workers count at those that exist.
func TestLoadsGrowWhileWorkersCount(t *testing.T) {
	const workers, blocks, each = 4, 50, 20
	var l Loads
	l.Grow(0)
	grown := make(chan DestID, workers*blocks)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for id := range grown {
				for range each {
					l.At(id).Total.Add(1)
					l.At(0).Total.Add(1)
				}
			}
		})
	}
	for b := range DestID(blocks) {
		id := (b + 1) * loadBlock
		l.Grow(id)
		for range workers {
			grown <- id
		}
	}
	close(grown)
	wg.Wait()
	if got := l.At(0).Total.Load(); got != workers*blocks*each {
		t.Errorf("destination 0 counts %d, want %d", got, workers*blocks*each)
	}
	for b := range DestID(blocks) {
		if got := l.At((b + 1) * loadBlock).Total.Load(); got != workers*each {
			t.Errorf("destination %d counts %d, want %d", (b+1)*loadBlock, got, workers*each)
		}
	}
}

// TestThresholds has the kernel's hysteresis: with an upper threshold of 10 and
// no lower one the tenth connection is the last, until seven are left.
func TestThresholds(t *testing.T) {
	tests := map[string]struct {
		upper, lower int32
		full, free   int32 // totals at which new connections end and begin again
	}{
		"no lower one":       {10, 0, 10, 7},
		"both":               {10, 4, 10, 3},
		"equal":              {5, 5, 5, 4},
		"of one":             {1, 0, 1, 0},
		"not divisible by 4": {7, 0, 7, 5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var l Load
			l.SetThresholds(tt.upper, tt.lower)
			for n := int32(1); n <= tt.upper+2; n++ {
				l.Bind()
				if got, want := l.Overloaded(), n >= tt.full; got != want {
					t.Errorf("rising to %d: Overloaded() = %t, want %t", n, got, want)
				}
			}
			for n := tt.upper + 1; n >= 0; n-- {
				l.Unbind()
				if got, want := l.Overloaded(), n > tt.free; got != want {
					t.Errorf("falling to %d: Overloaded() = %t, want %t", n, got, want)
				}
			}
		})
	}
}

func TestSetThresholdsJudgesAtOnce(t *testing.T) {
	tests := map[string]struct {
		was          bool
		upper, lower int32
		want         bool
	}{
		"at the upper one":             {false, 8, 4, true},
		"between them, was free":       {false, 9, 4, false},
		"between them, was full":       {true, 9, 4, true},
		"below the lower one":          {true, 20, 9, false},
		"taken away":                   {true, 0, 0, false},
		"a lower one without an upper": {true, 0, 3, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var l Load
			l.Total.Store(8)
			l.overloaded.Store(tt.was)
			l.SetThresholds(tt.upper, tt.lower)
			if got := l.Overloaded(); got != tt.want {
				t.Errorf("Overloaded() = %t, want %t", got, tt.want)
			}
		})
	}
}
