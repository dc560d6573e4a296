package sched

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// golden returns destinations 192.168.10.1, .2 and so on, of these weights, all
// on port 80.
func golden(weights ...int32) []Dest {
	dests := list(weights...)
	for i := range dests {
		dests[i].Addr, dests[i].LastWeight = lvs.Addr4(0xc0a80a01+uint32(i)), weights[i]
	}
	return dests
}

// goldenB has a port and a destination that never had a weight.
func goldenB() []Dest {
	dests := golden(100, 200, 0, 450)
	dests[3].Port = 8080
	return dests
}

// TestMaglevTables holds tables computed apart from this code.
func TestMaglevTables(t *testing.T) {
	tests := map[string]struct {
		dests  []Dest
		turns  []int
		counts []int
		first  []uint16
		sum    string // SHA-256 of the table, one byte an index
	}{
		"equal": {
			golden(1, 1, 1), []int{1, 1, 1}, []int{1365, 1364, 1364},
			[]uint16{2, 0, 0, 1, 2, 2, 2, 1, 0, 1, 0, 0, 0, 0, 1, 2},
			"6a5fd7a78482833959681159f7c55fa7d0357b4983461f1203d9b8c136f858b6",
		},
		"common divisor, one without weight": {
			goldenB(), []int{2, 4, 0, 9}, []int{546, 1092, 0, 2455},
			[]uint16{3, 3, 0, 1, 3, 3, 1, 3, 3, 1, 0, 3, 1, 3, 1, 1},
			"cdaa48494c9a2e7edd2d6cbbb68babb74cb303d4309f5b1b8a1ea36e28d150f0",
		},
		"weights over six bits": {
			golden(997, 1, 500), []int{62, 1, 31}, []int{2717, 43, 1333},
			[]uint16{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2},
			"1213ba9e6d12a3f1f9d0dc9f44df38be89d7778e76e2f759356bba4a54d7ec5a",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for i, w := range newWalks(tt.dests) {
				if w.turns != tt.turns[i] {
					t.Errorf("turns of %d = %d, want %d", i, w.turns, tt.turns[i])
				}
			}
			slots := maglev(tt.dests)
			if got := slots[:16]; !slices.Equal(got, tt.first) {
				t.Errorf("first slots %v, want %v", got, tt.first)
			}
			counts, table := make([]int, len(tt.dests)), make([]byte, len(slots))
			for i, d := range slots {
				counts[d]++
				table[i] = byte(d)
			}
			if !slices.Equal(counts, tt.counts) {
				t.Errorf("counts %v, want %v", counts, tt.counts)
			}
			if sum := fmt.Sprintf("%x", sha256.Sum256(table)); sum != tt.sum {
				t.Errorf("SHA-256 of the table %s, want %s", sum, tt.sum)
			}
		})
	}
}

func TestMaglevWalks(t *testing.T) {
	want := []walk{{3189, 175, 1}, {3679, 3377, 1}, {3093, 3776, 1}}
	if got := newWalks(golden(1, 1, 1)); !slices.Equal(got, want) {
		t.Errorf("walks = %v, want %v", got, want)
	}
	// A walk starts where a client of that address and port would be.
	v6 := []Dest{{Addr: addr("2001:db8::1"), Port: 12345, Weight: 1}}
	if got := newWalks(v6)[0].slot; got != 3039 {
		t.Errorf("the walk of [2001:db8::1]:12345 starts at %d, want 3039", got)
	}
}

// TestMaglevWeights checks the arithmetic of turns at its ends.
func TestMaglevWeights(t *testing.T) {
	tests := map[string]struct {
		weights []int32
		turns   []int // nil: an empty table
	}{
		"no destination":              {nil, nil},
		"nobody has a weight":         {[]int32{0, 0}, nil},
		"one alone":                   {[]int32{65535}, []int{1}},
		"six bits are kept":           {[]int32{63, 1}, []int{63, 1}},
		"the seventh is not":          {[]int32{64, 1}, []int{32, 1}},
		"a turn for who has a weight": {[]int32{65535, 1, 0}, []int{63, 1, 0}},
		"divided before it is cut":    {[]int32{6400, 100, 6300}, []int{32, 1, 31}},
		"largest weights":             {[]int32{math.MaxInt32, math.MaxInt32 - 1}, []int{63, 63}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var turns []int
			for _, w := range newWalks(list(tt.weights...)) {
				turns = append(turns, w.turns)
			}
			if !slices.Equal(turns, tt.turns) {
				t.Errorf("turns of weights %v = %v, want %v", tt.weights, turns, tt.turns)
			}
		})
	}
}

// slowMaglev is the paper's rule with every permutation written out, where who
// has n turns stands in the list n times over.
func slowMaglev(walks []walk) []uint16 {
	slots := make([]int, 4093)
	for i := range slots {
		slots[i] = -1
	}
	var order, next []int
	var permutation [][]int
	for i, w := range walks {
		next = append(next, 0)
		permutation = append(permutation, nil)
		for j := range 4093 {
			permutation[i] = append(permutation[i], (int(w.slot)+j*int(w.skip))%4093)
		}
		order = append(order, slices.Repeat([]int{i}, w.turns)...)
	}
	for n := range 4093 {
		i := order[n%len(order)]
		for slots[permutation[i][next[i]]] != -1 {
			next[i]++
		}
		slots[permutation[i][next[i]]] = i
	}
	table := make([]uint16, 4093)
	for i, d := range slots {
		table[i] = uint16(d)
	}
	return table
}

func TestMaglevAgreesWithThePaper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(12, 300).Draw(t, "weights")...)
		got := maglev(dests)
		walks := newWalks(dests)
		if walks == nil {
			if got != nil {
				t.Fatalf("maglev(%v) = %v, want nil", dests, got)
			}
			return
		}
		if !slices.Equal(got, slowMaglev(walks)) {
			t.Fatalf("maglev(%v) is not the paper's table", dests)
		}
	})
}

// TestMaglevMany checks that everybody gets a slot even if there are no more,
// and that addresses that are alike only cost time.
func TestMaglevMany(t *testing.T) {
	dests := list(slices.Repeat([]int32{1}, mhSlots)...)
	for i := range dests {
		dests[i].Addr = lvs.Addr4(0xc0000200 + uint32(i%4))
	}
	seen := make([]bool, mhSlots)
	for _, d := range maglev(dests) {
		seen[d] = true
	}
	if i := slices.Index(seen, false); i >= 0 {
		t.Errorf("destination %d of %d has no slot", i, mhSlots)
	}
}
