package xsk

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A slot is what a ring carries: addresses (fill, completion) or descriptors
// (RX, TX).
type slot interface{ uint64 | unix.XDPDesc }

// A ring is the memory that we share with the kernel. Indices run freely and
// wrap at 2^32; the slot of an index is its low bits. Each index is written by
// one side alone, and writing it hands over every slot before it. Go's atomic
// operations are at least the acquire and release that this takes.
type ring[T slot] struct {
	producer *uint32 // written by the side that fills slots
	consumer *uint32 // written by the side that empties them
	flags    *uint32 // written by the kernel
	slots    []T     // a power of two of them
	mem      []byte  // the mapping, nil in tests
}

// needsWakeup reports whether the kernel has stopped looking at the ring and
// waits for a system call (XDP_USE_NEED_WAKEUP).
func (r *ring[T]) needsWakeup() bool {
	return atomic.LoadUint32(r.flags)&unix.XDP_RING_NEED_WAKEUP != 0
}

// A producer is our side of a ring that the kernel empties: fill and TX.
type producer[T slot] struct {
	ring[T]
	next  uint32 // slot to write next; the kernel learns of it at submit
	limit uint32 // first slot that was not ours when we last looked
}

func newProducer[T slot](r ring[T]) producer[T] {
	used := atomic.LoadUint32(r.consumer)
	return producer[T]{ring: r, next: atomic.LoadUint32(r.producer), limit: used + uint32(len(r.slots))}
}

// room returns how many slots, at most n, may be put now.
func (r *producer[T]) room(n int) int {
	if int(r.limit-r.next) < n {
		r.limit = atomic.LoadUint32(r.consumer) + uint32(len(r.slots))
	}
	return min(n, int(r.limit-r.next))
}

// put writes the next slot, for which room has answered.
func (r *producer[T]) put(v T) {
	r.slots[r.next&uint32(len(r.slots)-1)] = v
	r.next++
}

// submit hands all that has been put to the kernel.
func (r *producer[T]) submit() { atomic.StoreUint32(r.producer, r.next) }

// pending returns how many slots the kernel has not taken yet.
func (r *producer[T]) pending() int { return int(r.next - atomic.LoadUint32(r.consumer)) }

// A consumer is our side of a ring that the kernel fills: RX and completion.
type consumer[T slot] struct {
	ring[T]
	next uint32 // slot to read next; the kernel learns of it at release
	end  uint32 // first slot that was not filled when we last looked
}

func newConsumer[T slot](r ring[T]) consumer[T] {
	next := atomic.LoadUint32(r.consumer)
	return consumer[T]{ring: r, next: next, end: next}
}

// ready returns how many slots, at most n, can be taken now.
func (r *consumer[T]) ready(n int) int {
	if int(r.end-r.next) < n {
		r.end = atomic.LoadUint32(r.producer)
	}
	return min(n, int(r.end-r.next))
}

// take reads the next slot, for which ready has answered.
func (r *consumer[T]) take() T {
	v := r.slots[r.next&uint32(len(r.slots)-1)]
	r.next++
	return v
}

// release gives all slots that have been taken back to the kernel.
func (r *consumer[T]) release() { atomic.StoreUint32(r.consumer, r.next) }
