package main

import (
	"errors"
	"testing"
	"time"
)

func TestObserve(t *testing.T) {
	errRead := errors.New("the map is gone")
	const window = time.Second
	tests := map[string]struct {
		arrived []uint64 // by reading; the last goes on
		broken  int      // reading that fails, 0 for none
		waits   int
		err     error
	}{
		"at once":          {[]uint64{5, 6}, 0, 1, nil},
		"after a pause":    {[]uint64{5, 5, 5, 6}, 0, 3, nil},
		"never":            {[]uint64{5}, 0, int((window + patience) / window), errNothing},
		"broken at first":  {[]uint64{5}, 1, 0, errRead},
		"broken later":     {[]uint64{5, 6}, 2, 1, errRead},
		"broken when late": {[]uint64{5, 5, 6}, 3, 2, errRead},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reads, waits := 0, 0
			read := func() (reading, error) {
				reads++
				if reads == tt.broken {
					return reading{}, errRead
				}
				return reading{arrived: tt.arrived[min(reads, len(tt.arrived))-1]}, nil
			}
			before, after, err := observe(window, read, func(time.Duration) error { waits++; return nil })
			if !errors.Is(err, tt.err) || waits != tt.waits {
				t.Errorf("observe: %v after %d waits, want %v after %d", err, waits, tt.err, tt.waits)
			}
			if err == nil && after.arrived <= before.arrived {
				t.Errorf("observe = %d, %d arrived", before.arrived, after.arrived)
			}
		})
	}
}
