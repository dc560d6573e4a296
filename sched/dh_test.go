package sched

import (
	"slices"
	"testing"

	"xlvs/lvs"
)

// TestDH checks whom an address gets of 256 slots that are dealt out one by one.
func TestDH(t *testing.T) {
	tests := map[string]struct {
		dst     string
		weights []int32
		want    lvs.DestID // 0: nobody
	}{
		"slot 39 of three":            {"10.0.0.1", []int32{1, 1, 1}, 1},
		"slot 137 of three":           {"10.0.0.2", []int32{1, 1, 1}, 3},
		"slot 89 of three":            {"192.168.1.100", []int32{1, 1, 1}, 3},
		"slot 63 of two":              {"2001:db8::1", []int32{1, 1}, 2},
		"weights do not count":        {"10.0.0.2", []int32{100, 50, 1}, 3},
		"quiesced ones have slots":    {"10.0.0.2", []int32{0, 0, 1}, 3},
		"quiesced without a stand-in": {"10.0.0.1", []int32{0, 1, 1}, 0},
		"more servers than slots":     {"10.0.0.2", slices.Repeat([]int32{1}, 300), 138},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newDH(grown())
			s.Set(list(tt.weights...))
			id, ok := s.Pick(&lvs.Tuple{Src: addr("198.51.100.7"), Dst: addr(tt.dst)})
			if id != tt.want || ok != (tt.want != 0) {
				t.Errorf("Pick for %s of %v = %d, %t, want %d", tt.dst, tt.weights, id, ok, tt.want)
			}
		})
	}
}

func TestDHOverloaded(t *testing.T) {
	loads := grown()
	s := newDH(loads)
	s.Set(list(1, 1, 1))
	overload(loads, 1)
	tuple := &lvs.Tuple{Src: addr("198.51.100.7"), Dst: addr("10.0.0.1")}
	if id, ok := s.Pick(tuple); ok {
		t.Errorf("Pick with A overloaded = %d, want nobody", id)
	}
	loads.At(1).SetThresholds(0, 0)
	if id, _ := s.Pick(tuple); id != 1 {
		t.Errorf("Pick when A is no longer overloaded = %d, want 1", id)
	}
}

// TestDHLooksAtTheDestination checks that neither the client nor a port counts.
func TestDHLooksAtTheDestination(t *testing.T) {
	s := newDH(grown())
	s.Set(list(1, 1, 1, 1, 1))
	want, _ := s.Pick(from("198.51.100.7", 1024))
	for port := range uint16(100) {
		tuple := from("203.0.113.9", port)
		tuple.DstPort = 100 + port
		if got, _ := s.Pick(tuple); got != want {
			t.Fatalf("Pick of %v = %d, want %d", tuple, got, want)
		}
	}
}
