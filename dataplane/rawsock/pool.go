package rawsock

import (
	"fmt"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

const (
	// largest is what one message may bring: an IP packet of 64 KiB behind an
	// Ethernet header and an inner VLAN tag.
	largest = 64<<10 + 64
	// chunkSize leaves room in front and behind. It is an odd number of cache
	// lines past whole pages, lest the headers of all frames share one set of
	// the cache.
	chunkSize = packet.Headroom + largest + 256
)

// A place is who has a frame.
type place uint8

// Where a frame can be.
const (
	free place = iota // in the pool
	fill              // in the batch, for the next Recv to receive into
	held              // the caller's, between Recv and Send or Release
	places
)

func (p place) String() string {
	return [...]string{free: "free", fill: "being filled", held: "held"}[p]
}

// A pool is the memory of all frames. It knows where each one is and hands out
// the free ones, last in first out, so that the frame that is warm in the cache
// goes next and memory that no rush has needed yet is never touched. A frame is
// named by its number.
type pool struct {
	mem   []byte
	stack []uint64 // the free frames
	at    []place  // by frame
	count [places]int
}

func newPool(frames int) (pool, error) {
	mem, err := unix.Mmap(-1, 0, frames*chunkSize, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return pool{}, fmt.Errorf("map %d frames of %d bytes: %w", frames, chunkSize, err)
	}
	p := pool{mem: mem, stack: make([]uint64, frames), at: make([]place, frames)}
	p.count[free] = frames
	for i := range p.stack {
		p.stack[i] = uint64(frames - 1 - i)
	}
	return p, nil
}

// chunk returns the memory of a frame.
func (p *pool) chunk(frame uint64) []byte {
	at := frame * chunkSize
	return p.mem[at : at+chunkSize : at+chunkSize]
}

// ours marks a Frame as that of a pool of this package: a port may have queues of
// another kind beside. No AF_XDP frame, short or long, is named by this bit.
const ours = 1 << 62

// Owns reports whether p was received by a packet socket, or is a Group's NewFrame.
func Owns(p *packet.Packet) bool { return p.Frame&ours != 0 }

// take takes a frame out of the pool for a new place. It reports false if there
// is none left.
func (p *pool) take(to place) (frame uint64, ok bool) {
	n := len(p.stack)
	if n == 0 {
		return 0, false
	}
	frame = p.stack[n-1]
	p.stack = p.stack[:n-1]
	p.move(frame, free, to)
	return frame, true
}

// give puts a frame back into the pool.
func (p *pool) give(frame uint64, from place) {
	p.move(frame, from, free)
	p.stack = append(p.stack, frame)
}

// move passes a frame from one owner to the next. It panics if from is not the
// owner: a frame was sent or released twice, and from here on two packets would
// share its memory.
func (p *pool) move(frame uint64, from, to place) {
	if p.at[frame] != from {
		p.twoOwners(frame, from)
	}
	p.at[frame] = to
	p.count[from]--
	p.count[to]++
}

func (p *pool) twoOwners(frame uint64, from place) {
	panic(fmt.Sprintf("rawsock: frame %d is taken as %v but is %v", frame, from, p.at[frame]))
}

func (p *pool) unmap() error {
	if err := unix.Munmap(p.mem); err != nil {
		return fmt.Errorf("unmap frames: %w", err)
	}
	p.mem = nil
	return nil
}
