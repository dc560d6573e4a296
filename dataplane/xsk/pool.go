package xsk

import "fmt"

// A place is who has a frame.
type place uint8

// Where a frame can be.
const (
	free place = iota // in the pool
	fill              // the kernel's, to receive into, or received and not taken
	held              // the caller's, between Recv and Send or Release
	sent              // the kernel's, to transmit, or transmitted and not reaped
	places
)

func (p place) String() string {
	return [...]string{free: "free", fill: "in the fill ring", held: "held", sent: "being sent"}[p]
}

// A pool knows where each frame is and hands out the free ones, last in first
// out, so that the frame that is warm in the cache goes next. A frame is named
// by any address inside it.
type pool struct {
	shift uint     // frames are 1<<shift bytes
	stack []uint64 // addresses of the free frames
	at    []place  // by frame
	count [places]int
}

func newPool(frames int, shift uint) pool {
	p := pool{shift: shift, stack: make([]uint64, frames), at: make([]place, frames)}
	p.count[free] = frames
	for i := range p.stack {
		// The last of the stack goes first: start at the front of the memory.
		p.stack[i] = uint64(frames-1-i) << shift
	}
	return p
}

// base returns the address of the frame that addr lies in.
func (p *pool) base(addr uint64) uint64 { return addr >> p.shift << p.shift }

// take takes a frame out of the pool for a new place. It reports false if there
// is none left.
func (p *pool) take(to place) (addr uint64, ok bool) {
	n := len(p.stack)
	if n == 0 {
		return 0, false
	}
	addr = p.stack[n-1]
	p.stack = p.stack[:n-1]
	p.move(addr, free, to)
	return addr, true
}

// give puts the frame at addr back into the pool.
func (p *pool) give(addr uint64, from place) {
	p.move(addr, from, free)
	p.stack = append(p.stack, p.base(addr))
}

// move passes the frame at addr from one owner to the next. It panics if from
// is not the owner: a frame was sent or released twice, and from here on two
// packets would share its memory.
func (p *pool) move(addr uint64, from, to place) {
	i := addr >> p.shift
	if p.at[i] != from {
		p.twoOwners(i, from)
	}
	p.at[i] = to
	p.count[from]--
	p.count[to]++
}

func (p *pool) twoOwners(frame uint64, from place) {
	panic(fmt.Sprintf("xsk: frame %d is taken as %v but is %v", frame, from, p.at[frame]))
}

// recover takes back what the kernel had, once its sockets are closed.
func (p *pool) recover() {
	for i, at := range p.at {
		if at == fill || at == sent {
			p.give(uint64(i)<<p.shift, at)
		}
	}
}
