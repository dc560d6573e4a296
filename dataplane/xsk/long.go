package xsk

import (
	"fmt"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

const (
	// longShift makes a long buffer 16 KiB: Headroom, the largest MTU of common
	// devices (9 to 10 KB), and room behind. What is not used is never touched.
	longShift = 14
	// longBuffers is how many a group has: its worker holds a batch and a few
	// packets that wait for a neighbour.
	longBuffers = 256
	// longFrame is set in the Frame of packets that lie in a long buffer.
	longFrame = 1 << 63
)

// longs are the buffers of frames that span several of the UMEM's. Whoever
// reads or rewrites a packet wants it in one piece, so such a frame is copied
// into one of these when it is received, and out of it when it is sent. The
// kernel knows nothing of them.
type longs struct {
	mem  []byte // nil without Options.Frags
	pool pool
}

func newLongs(buffers int) (longs, error) {
	mem, err := unix.Mmap(-1, 0, buffers<<longShift, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return longs{}, fmt.Errorf("map %d buffers of long frames: %w", buffers, err)
	}
	return longs{mem: mem, pool: newPool(buffers, longShift)}, nil
}

// buffer returns the memory of the buffer that frame names.
func (l *longs) buffer(frame uint64) []byte {
	at := frame &^ longFrame
	return l.mem[at : at+1<<longShift : at+1<<longShift]
}

// take takes a free buffer. It reports false if there is none.
func (l *longs) take(to place) (frame uint64, ok bool) {
	addr, ok := l.pool.take(to)
	return addr | longFrame, ok
}

// give puts a buffer back.
func (l *longs) give(frame uint64, from place) { l.pool.give(frame&^longFrame, from) }

// move passes a buffer from one owner to the next.
func (l *longs) move(frame uint64, from, to place) { l.pool.move(frame&^longFrame, from, to) }

func (l *longs) unmap() error {
	if l.mem == nil {
		return nil
	}
	if err := unix.Munmap(l.mem); err != nil {
		return fmt.Errorf("unmap buffers of long frames: %w", err)
	}
	l.mem = nil
	return nil
}

// isLong reports whether p lies in a long buffer, not in the UMEM.
func isLong(p *packet.Packet) bool { return p.Frame&longFrame != 0 }

// newLong is NewFrame for what is longer than a frame of the UMEM.
func (g *Group) newLong(p *packet.Packet, n int) bool {
	if n > 1<<longShift-packet.Headroom {
		return false
	}
	frame, ok := g.long.take(held)
	if !ok {
		return false
	}
	p.Frame, p.In = frame, packet.NoPort
	p.Reset(g.long.buffer(frame), packet.Headroom, 0)
	return true
}
