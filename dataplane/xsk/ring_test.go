package xsk

import (
	"math"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// newRing returns a ring on the heap whose indices stand at start, as seen from
// both sides: in these tests the kernel is the other one.
func newRing[T slot](n int, start uint32) (producer[T], consumer[T]) {
	p, c, f := start, start, uint32(0)
	r := ring[T]{producer: &p, consumer: &c, flags: &f, slots: make([]T, n)}
	return newProducer(r), newConsumer(r)
}

// TestRingKeepsOrder compares a ring with a plain queue. Indices start shortly
// before they wrap.
func TestRingKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := 1 << rapid.IntRange(0, 6).Draw(t, "log size")
		start := math.MaxUint32 - rapid.Uint32Range(0, 200).Draw(t, "before wrap")
		p, c := newRing[uint64](size, start)
		var next, want uint64 // what to put, and what to take
		visible := next
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				n := rapid.IntRange(0, 2*size).Draw(t, "n")
				got := p.room(n)
				if free := size - int(next-want); got > free || got < min(n, free) {
					t.Fatalf("room(%d) = %d with %d free", n, got, free)
				}
				for range got {
					p.put(next)
					next++
				}
			},
			"submit": func(*rapid.T) { p.submit(); visible = next },
			"take": func(t *rapid.T) {
				n := rapid.IntRange(0, 2*size).Draw(t, "n")
				got := c.ready(n)
				if there := int(visible - want); got != min(n, there) {
					t.Fatalf("ready(%d) = %d with %d there", n, got, there)
				}
				for range got {
					if v := c.take(); v != want {
						t.Fatalf("took %d, want %d", v, want)
					}
					want++
				}
				c.release()
			},
		})
	})
}

// TestRingBetweenThreads lets the race detector see that the indices alone hand
// the slots over.
func TestRingBetweenThreads(t *testing.T) {
	const frames = 50_000
	p, c := newRing[unix.XDPDesc](64, math.MaxUint32-1000)
	go func() {
		for sent := uint64(0); sent < frames; {
			n := p.room(min(16, frames-int(sent)))
			for range n {
				p.put(unix.XDPDesc{Addr: sent, Len: uint32(sent)})
				sent++
			}
			p.submit()
			if n == 0 {
				runtime.Gosched()
			}
		}
	}()
	for want := uint64(0); want < frames; {
		n := c.ready(16)
		for range n {
			if d := c.take(); d.Addr != want || d.Len != uint32(want) {
				t.Fatalf("took %+v, want number %d", d, want)
			}
			want++
		}
		c.release()
		if n == 0 {
			runtime.Gosched()
		}
	}
}

func TestRingFlagsAndPending(t *testing.T) {
	p, c := newRing[uint64](4, 0)
	p.room(2)
	p.put(1)
	p.put(2)
	p.submit()
	if got := p.pending(); got != 2 {
		t.Errorf("pending() = %d, want 2", got)
	}
	c.ready(1)
	c.take()
	c.release()
	if got := p.pending(); got != 1 {
		t.Errorf("pending() = %d, want 1", got)
	}
	if p.needsWakeup() {
		t.Error("needsWakeup() = true before the kernel says so")
	}
	*p.flags = unix.XDP_RING_NEED_WAKEUP
	if !p.needsWakeup() {
		t.Error("needsWakeup() = false after the kernel said so")
	}
}
