package sched

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// slots256 returns whose each slot of an sh is, 0 for nobody's.
func slots256(s *sh) (ids []lvs.DestID) {
	for _, d := range s.slots.Load() {
		if d == nil {
			ids = append(ids, 0)
		} else {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

// slowSHFill deals the slots out as the kernel does: one by one, with a count of
// how many the destination at the cursor has had in a row.
func slowSHFill(dests []Dest) (ids []lvs.DestID) {
	cursor, count := 0, int32(0)
	for range 256 {
		if len(dests) == 0 {
			ids = append(ids, 0)
			continue
		}
		if cursor == len(dests) {
			cursor = 0
		}
		ids = append(ids, dests[cursor].ID)
		if count++; count >= dests[cursor].Weight {
			cursor, count = cursor+1, 0
		}
	}
	return ids
}

func TestSHFillAgreesWithTheKernel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(300, 400).Draw(t, "weights")...)
		s := newSH(grown(), 0)
		s.Set(dests)
		if got, want := slots256(s), slowSHFill(dests); !slices.Equal(got, want) {
			t.Fatalf("slots of %v = %v, want %v", dests, got, want)
		}
	})
}

func TestSHFill(t *testing.T) {
	tests := map[string]struct {
		weights []int32
		want    []int // slots of each
	}{
		"nobody":                    {nil, nil},
		"equal":                     {[]int32{1, 1}, []int{128, 128}},
		"equal of three":            {[]int32{1, 1, 1}, []int{86, 85, 85}},
		"equal and large":           {[]int32{100, 100, 100}, []int{100, 100, 56}},
		"two to one":                {[]int32{2, 1}, []int{171, 85}},
		"quiesced counts as one":    {[]int32{3, 0}, []int{192, 64}},
		"all quiesced":              {[]int32{0, 0}, []int{128, 128}},
		"as large as the table":     {[]int32{256, 1}, []int{256, 0}},
		"largest weight":            {[]int32{1<<31 - 1, 1}, []int{256, 0}},
		"largest weight comes last": {[]int32{1, 1<<31 - 1}, []int{1, 255}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSH(grown(), 0)
			s.Set(list(tt.weights...))
			got := make([]int, len(tt.weights))
			for _, id := range slots256(s) {
				if id != 0 {
					got[id-1]++
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("slots of weights %v = %v, want %v", tt.weights, got, tt.want)
			}
		})
	}
}

// TestSHFallback checks whom the client of slot 39 gets, and whom when that one
// is not usable: the first who is from slot 2*39 on. With its port the slot is
// 134, and 2*134 is slot 12.
func TestSHFallback(t *testing.T) {
	const fallback, port = lvs.SchedulerFallback, lvs.SchedulerPort
	three := []int32{40, 30, 30}     // slots 0 to 39 A, to 69 B, to 99 C, to 139 A
	four := []int32{20, 120, 60, 56} // slots 0 to 19 A, to 139 B, to 199 C, to 255 D
	quiesced := []int32{2, 0, 1, 33} // slots 37 and 38 A, 39 B, 40 C, 41 to 73 D, 74 and 75 A, 76 B, 77 C, 78 D
	tests := map[string]struct {
		flags   lvs.SchedulerFlags
		weights []int32
		full    []lvs.DestID // overloaded
		want    lvs.DestID   // 0: nobody
	}{
		"usable":                   {0, three, nil, 1},
		"usable, fallback":         {fallback, three, nil, 1},
		"usable, port":             {port, four, nil, 2},
		"quiesced":                 {0, quiesced, nil, 0},
		"overloaded":               {0, three, []lvs.DestID{1}, 0},
		"quiesced, fallback":       {fallback, quiesced, nil, 4},
		"overloaded, fallback":     {fallback, three, []lvs.DestID{1}, 3},
		"two overloaded, fallback": {fallback, three, []lvs.DestID{1, 3}, 2},
		"all overloaded, fallback": {fallback, three, []lvs.DestID{1, 2, 3}, 0},
		"round the table's end":    {port | fallback, four, []lvs.DestID{2}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			s := newSH(loads, tt.flags)
			s.Set(list(tt.weights...))
			for _, id := range tt.full {
				overload(loads, id)
			}
			if id, ok := s.Pick(from("10.0.0.1", 12345)); id != tt.want || ok != (tt.want != 0) {
				t.Errorf("Pick of %v with %v overloaded = %d, %t, want %d", tt.weights, tt.full, id, ok, tt.want)
			}
		})
	}
}

// slowSHPick is the kernel's lookup word for word.
func slowSHPick(dests []Dest, t *lvs.Tuple, flags lvs.SchedulerFlags) (lvs.DestID, bool) {
	slots := slowSHFill(dests)
	key := func(offset uint32) uint32 { return (offset + hash32(client(t, flags), 8)) & 255 }
	usable := func(id lvs.DestID) bool { return id != 0 && dests[id-1].Weight > 0 }
	own := key(0)
	if id := slots[own]; usable(id) {
		return id, true
	}
	for offset := range uint32(256) {
		if id := slots[key((offset+own)%256)]; flags&lvs.SchedulerFallback != 0 && usable(id) {
			return id, true
		}
	}
	return 0, false
}

func TestSHPickAgreesWithTheKernel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(40, 5).Draw(t, "weights")...)
		flags := lvs.SchedulerFlags(rapid.IntRange(0, 3).Draw(t, "flags")) << 3
		s := newSH(grown(), flags)
		s.Set(dests)
		for range 5 {
			c := clients().Draw(t, "client")
			id, ok := s.Pick(&c)
			if want, wantOK := slowSHPick(dests, &c, flags); id != want || ok != wantOK {
				t.Fatalf("Pick of %v, flags %#x = %d, %t, want %d, %t", dests, flags, id, ok, want, wantOK)
			}
		}
	})
}

// TestSHFallbackFindsSomebody checks that a usable destination is always found
// if none has more slots than there are.
func TestSHFallbackFindsSomebody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(8, 30).Draw(t, "weights")...)
		s := newSH(grown(), lvs.SchedulerFallback)
		s.Set(dests)
		usable := slices.ContainsFunc(dests, func(d Dest) bool { return d.Weight > 0 })
		c := clients().Draw(t, "client")
		if id, ok := s.Pick(&c); ok != usable {
			t.Fatalf("Pick of %v = %d, %t, want %t", dests, id, ok, usable)
		}
	})
}
