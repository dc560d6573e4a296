package sched

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

func TestMHHash(t *testing.T) {
	tests := map[string]struct {
		src            string
		hash           uint32
		slot, withPort uint32
	}{
		"lowest":  {"10.0.0.1", 0x03080ce4, 3711, 490},
		"next":    {"10.0.0.2", 0x41cfde13, 1884, 1889},
		"another": {"192.168.1.100", 0xc15d2cf8, 1341, 3989},
		"IPv6":    {"2001:db8::1", 0xcdc3f189, 3457, 3039},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tuple := from(tt.src, 12345)
			hash := mhHash(client(tuple, 0), mhKey1)
			if hash != tt.hash || hash%mhSlots != tt.slot {
				t.Errorf("hash of %s = %#08x, slot %d, want %#08x, slot %d", tt.src, hash, hash%mhSlots, tt.hash, tt.slot)
			}
			if slot := mhHash(client(tuple, lvs.SchedulerPort), mhKey1) % mhSlots; slot != tt.withPort {
				t.Errorf("slot of %s with its port = %d, want %d", tt.src, slot, tt.withPort)
			}
		})
	}
}

// newMHOf returns an mh with dests, on loads of its own.
func newMHOf(flags lvs.SchedulerFlags, dests []Dest) *mh {
	s := newMH(grown(), flags)
	s.Set(dests)
	return s
}

// slowMHPick is the kernel's lookup word for word.
func slowMHPick(dests []Dest, t *lvs.Tuple, flags lvs.SchedulerFlags) (lvs.DestID, bool) {
	slots := maglev(dests)
	if slots == nil {
		return 0, false
	}
	slot := mhHash(client(t, flags), mhKey1) % 4093
	if d := dests[slots[slot]]; d.Weight > 0 || flags&lvs.SchedulerFallback == 0 {
		return d.ID, d.Weight > 0
	}
	for offset := range uint32(4093) {
		again := mhHash((offset+slot)%4093+client(t, flags), mhKey1) % 4093
		if d := dests[slots[again]]; d.Weight > 0 {
			return d.ID, true
		}
	}
	return 0, false
}

func TestMHPickAgreesWithTheKernel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dests := list(weights(6, 5).Draw(t, "weights")...)
		for i := range dests {
			if dests[i].LastWeight = dests[i].Weight; dests[i].Weight == 0 {
				dests[i].LastWeight = rapid.Int32Range(0, 5).Draw(t, "weight before")
			}
		}
		flags := lvs.SchedulerFlags(rapid.IntRange(0, 3).Draw(t, "flags")) << 3
		s := newMHOf(flags, dests)
		for range 3 {
			c := clients().Draw(t, "client")
			id, ok := s.Pick(&c)
			if want, wantOK := slowMHPick(dests, &c, flags); ok != wantOK || ok && id != want {
				t.Fatalf("Pick of %v = %d, %t, want %d, %t", dests, id, ok, want, wantOK)
			}
		}
	})
}

// TestMHQuiesced checks that slots stay with who is quiesced, and that only
// mh-fallback has somebody else in its place.
func TestMHQuiesced(t *testing.T) {
	before := golden(1, 2, 3)
	after := slices.Clone(before)
	after[1].Weight = 0
	plain, fallback := newMHOf(0, before), newMHOf(lvs.SchedulerFallback, before)
	slots := &plain.table.Load().slots[0]
	for i := range uint32(1000) {
		c := &lvs.Tuple{Src: lvs.Addr4(0xc6336400 + i)}
		plain.Set(before)
		was, _ := plain.Pick(c)
		plain.Set(after)
		fallback.Set(after)
		id, ok := plain.Pick(c)
		other, otherOK := fallback.Pick(c)
		if was == 2 && (ok || !otherOK || other == 2) {
			t.Fatalf("Pick for a client of B = %d, %t, with fallback %d, %t, want nobody and another", id, ok, other, otherOK)
		}
		if was != 2 && (id != was || other != was) {
			t.Fatalf("Pick for a client of %d = %d, with fallback %d, want the same", was, id, other)
		}
	}
	if slots != &plain.table.Load().slots[0] {
		t.Error("slots are dealt out anew for a destination that is quiesced")
	}
}

func TestMHOverloaded(t *testing.T) {
	for flags, want := range map[lvs.SchedulerFlags]bool{0: false, lvs.SchedulerFallback: true} {
		loads := grown()
		s := newMH(loads, flags)
		s.Set(golden(1, 1, 1))
		c := from("198.51.100.7", 4242)
		was, _ := s.Pick(c)
		overload(loads, was)
		if id, ok := s.Pick(c); ok != want || id == was {
			t.Errorf("flags %#x: Pick with %d overloaded = %d, %t, want %t", flags, was, id, ok, want)
		}
		for _, d := range golden(1, 1, 1) {
			overload(loads, d.ID)
		}
		if id, ok := s.Pick(c); ok {
			t.Errorf("flags %#x: Pick with all overloaded = %d, want nobody", flags, id)
		}
	}
}

// TestMHDealsAnew checks what the slots depend on.
func TestMHDealsAnew(t *testing.T) {
	tests := map[string]struct {
		change func(d []Dest) []Dest
		anew   bool
	}{
		"nothing":                {func(d []Dest) []Dest { return d }, false},
		"quiesced":               {func(d []Dest) []Dest { d[0].Weight = 0; return d }, false},
		"another number":         {func(d []Dest) []Dest { d[0].ID = 9; return d }, false},
		"another weight":         {func(d []Dest) []Dest { d[0].Weight, d[0].LastWeight = 7, 7; return d }, true},
		"weight before":          {func(d []Dest) []Dest { d[0].Weight, d[0].LastWeight = 0, 7; return d }, true},
		"another address":        {func(d []Dest) []Dest { d[0].Addr = addr("2001:db8::1"); return d }, true},
		"another port":           {func(d []Dest) []Dest { d[0].Port++; return d }, true},
		"another order":          {func(d []Dest) []Dest { d[0], d[1] = d[1], d[0]; return d }, true},
		"one more":               {func(d []Dest) []Dest { return golden(1, 2, 3, 1) }, true},
		"one less":               {func(d []Dest) []Dest { return d[:2] }, true},
		"unspoken weight before": {func(d []Dest) []Dest { d[0].LastWeight = 0; return d }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newMHOf(0, golden(1, 2, 3))
			slots := &s.table.Load().slots[0]
			s.Set(tt.change(golden(1, 2, 3)))
			if anew := slots != &s.table.Load().slots[0]; anew != tt.anew {
				t.Errorf("slots dealt out anew: %t, want %t", anew, tt.anew)
			}
		})
	}
}

// TestMHFewMove checks that when one of equal destinations goes, or comes
// back, its clients move and few others do. One slot in twenty is twice what
// any of these lists moves; dealing by remainder would move nearly all.
func TestMHFewMove(t *testing.T) {
	for _, n := range []int{2, 3, 10, 50} {
		dests := list(slices.Repeat([]int32{1}, n)...)
		all := maglev(dests)
		for gone := range dests {
			moved := 0
			for slot, i := range maglev(slices.Delete(slices.Clone(dests), gone, gone+1)) {
				if int(i) >= gone {
					i++ // where it was before
				}
				if int(all[slot]) != gone && i != all[slot] {
					moved++
				}
			}
			if moved > mhSlots/20 {
				t.Errorf("%d of %d slots move between the %d others when %d goes", moved, mhSlots, n-1, gone)
			}
		}
	}
}

// TestMHIsProportional checks that clients spread by weight.
func TestMHIsProportional(t *testing.T) {
	s := newMHOf(0, golden(1, 2, 3, 4))
	const each = 10000
	var n [5]int
	for i := range uint32(10 * each) {
		id, _ := s.Pick(&lvs.Tuple{Src: lvs.Addr4(0x0a000000 + i)})
		n[id]++
	}
	for id := 1; id <= 4; id++ {
		if want := id * each; n[id] < want*9/10 || n[id] > want*11/10 {
			t.Errorf("destination %d has %d of %d clients, want about %d", id, n[id], 10*each, want)
		}
	}
}

// TestMHTooMany checks that whoever came first keeps its slots when there are
// more destinations than slots.
func TestMHTooMany(t *testing.T) {
	dests := list(slices.Repeat([]int32{1}, mhSlots+2)...)
	loads := grown()
	loads.Grow(mhSlots + 2)
	s := newMH(loads, 0)
	s.Set(dests[2:])
	slots := &s.table.Load().slots[0]
	s.Set(dests)
	if slots != &s.table.Load().slots[0] {
		t.Error("slots are dealt out anew to more destinations than there are slots")
	}
}

func BenchmarkMHSet(b *testing.B) {
	for label, n := range map[string]int{"10": 10, "1000": 1000} {
		dests := list(slices.Repeat([]int32{1, 2, 3, 4, 5}, n/5)...)
		s := newMHOf(0, dests)
		b.Run("dests="+label+"/deal", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				dests[0].Port = uint16(i % 2)
				s.Set(dests)
			}
		})
		b.Run("dests="+label+"/quiesce", func(b *testing.B) {
			dests[0].LastWeight = 1
			for i := 0; b.Loop(); i++ {
				dests[0].Weight = int32(i % 2)
				s.Set(dests)
			}
		})
	}
}
