package xsk

import (
	"testing"

	"pgregory.net/rapid"
)

// TestPoolHasOneOwnerPerFrame takes and gives frames in any order: no frame is
// handed out twice, and none is lost.
func TestPoolHasOneOwnerPerFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const frames = 8
		p := newPool(frames, 11)
		var mine []uint64
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				addr, ok := p.take(held)
				if want := len(mine) < frames; ok != want {
					t.Fatalf("take() ok = %t with %d of %d taken", ok, len(mine), frames)
				}
				if ok {
					mine = append(mine, addr)
				}
			},
			"give": func(t *rapid.T) {
				if len(mine) == 0 {
					t.Skip("none taken")
				}
				i := rapid.IntRange(0, len(mine)-1).Draw(t, "which")
				p.give(mine[i]+uint64(rapid.IntRange(0, 2047).Draw(t, "offset")), held)
				mine = append(mine[:i], mine[i+1:]...)
			},
			"": func(t *rapid.T) {
				seen := map[uint64]bool{}
				for _, addr := range append(append([]uint64{}, p.stack...), mine...) {
					if seen[addr] || addr%2048 != 0 || addr >= frames*2048 {
						t.Fatalf("frame %#x is there twice, or no frame", addr)
					}
					seen[addr] = true
				}
				if len(seen) != frames || p.count[free] != len(p.stack) || p.count[held] != len(mine) {
					t.Fatalf("%d frames, counted %v, want %d", len(seen), p.count, frames)
				}
			},
		})
	})
}

func TestPoolIsLastInFirstOut(t *testing.T) {
	p := newPool(4, 12)
	first, _ := p.take(held)
	second, _ := p.take(held)
	if first != 0 || second != 4096 {
		t.Errorf("first frames are %#x and %#x, want 0 and 0x1000", first, second)
	}
	p.give(first, held)
	if again, _ := p.take(held); again != first {
		t.Errorf("took %#x, want the frame just given, %#x", again, first)
	}
}

func TestPoolRefusesASecondOwner(t *testing.T) {
	tests := map[string]func(p *pool, addr uint64){
		"released twice":         func(p *pool, addr uint64) { p.give(addr, held); p.give(addr, held) },
		"released after sending": func(p *pool, addr uint64) { p.move(addr, held, sent); p.give(addr, held) },
		"sent twice":             func(p *pool, addr uint64) { p.move(addr, held, sent); p.move(addr, held, sent) },
		"never taken":            func(p *pool, addr uint64) { p.give(addr+2048, held) },
	}
	for name, misuse := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPool(2, 11)
			addr, _ := p.take(held)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(&p, addr)
		})
	}
}

func TestPoolRecoversWhatTheKernelHad(t *testing.T) {
	p := newPool(8, 11)
	for _, to := range []place{fill, fill, sent, held} {
		p.take(to)
	}
	p.recover()
	if want := [places]int{free: 7, held: 1}; p.count != want || len(p.stack) != 7 {
		t.Errorf("counts %v and %d in the pool, want %v", p.count, len(p.stack), want)
	}
}
