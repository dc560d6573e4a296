package rawsock

import (
	"testing"

	"pgregory.net/rapid"
)

// pooled returns a pool that is unmapped at the end.
func pooled(t *testing.T, frames int) pool {
	t.Helper()
	p, err := newPool(frames)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.unmap(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestPoolHasOneOwnerPerFrame takes and gives frames in any order: no frame is
// handed out twice, and none is lost.
func TestPoolHasOneOwnerPerFrame(t *testing.T) {
	const frames = 8
	clean := pooled(t, frames)
	rapid.Check(t, func(t *rapid.T) {
		p := pool{mem: clean.mem, at: make([]place, frames)}
		p.stack = append(p.stack, clean.stack...)
		p.count[free] = frames
		mine := map[uint64]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				frame, ok := p.take(held)
				if want := len(mine) < frames; ok != want || mine[frame] && ok {
					t.Fatalf("take() = %d, %t with %v taken", frame, ok, mine)
				}
				if ok {
					mine[frame] = true
				}
			},
			"give": func(t *rapid.T) {
				frame := rapid.Uint64Range(0, frames-1).Draw(t, "which")
				if !mine[frame] {
					t.Skip("not taken")
				}
				p.give(frame, held)
				delete(mine, frame)
			},
			"": func(t *rapid.T) {
				if p.count[free] != len(p.stack) || p.count[held] != len(mine) || len(p.stack)+len(mine) != frames {
					t.Fatalf("counted %v, %d in the pool and %d taken, want %d", p.count, len(p.stack), len(mine), frames)
				}
			},
		})
	})
}

func TestPoolIsLastInFirstOut(t *testing.T) {
	p := pooled(t, 4)
	first, _ := p.take(held)
	second, _ := p.take(held)
	if first != 0 || second != 1 {
		t.Errorf("first frames are %d and %d, want 0 and 1", first, second)
	}
	p.give(first, held)
	if again, _ := p.take(held); again != first {
		t.Errorf("took %d, want the frame just given, %d", again, first)
	}
}

func TestPoolRefusesASecondOwner(t *testing.T) {
	tests := map[string]func(p *pool, frame uint64){
		"released twice":        func(p *pool, frame uint64) { p.give(frame, held); p.give(frame, held) },
		"released when filling": func(p *pool, frame uint64) { p.move(frame, held, fill); p.give(frame, held) },
		"never taken":           func(p *pool, frame uint64) { p.give(frame+1, held) },
	}
	for name, misuse := range tests {
		t.Run(name, func(t *testing.T) {
			p := pooled(t, 2)
			frame, _ := p.take(held)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(&p, frame)
		})
	}
}

// TestChunksDoNotOverlap writes each whole chunk and looks at its neighbours.
func TestChunksDoNotOverlap(t *testing.T) {
	p := pooled(t, 3)
	for i := range uint64(3) {
		for j := range p.chunk(i) {
			p.chunk(i)[j] = byte(i + 1)
		}
	}
	for i := range uint64(3) {
		c := p.chunk(i)
		if len(c) != chunkSize || cap(c) != chunkSize || c[0] != byte(i+1) || c[chunkSize-1] != byte(i+1) {
			t.Errorf("chunk %d: length %d, capacity %d, from %d to %d", i, len(c), cap(c), c[0], c[chunkSize-1])
		}
	}
	if chunkSize%4096/64%2 == 0 {
		t.Errorf("chunks of %d bytes share the sets of the cache", chunkSize)
	}
}
