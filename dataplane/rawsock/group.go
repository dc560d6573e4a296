package rawsock

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
	"xlvs/dataplane/poll"
)

// Options tune a Group. The zero value is ready to use.
type Options struct {
	Buffers int // frames in the pool, of 64 KiB each, in memory once used; 0 means 512
	Backlog int // bytes that may wait in each socket, for each direction; 0 means 8 MiB
}

// withDefaults fills what is zero and refuses what could not work.
func (o Options) withDefaults() (Options, error) {
	if o.Buffers == 0 {
		o.Buffers = 512
	}
	if o.Backlog == 0 {
		o.Backlog = 8 << 20
	}
	switch {
	case o.Buffers < 1 || o.Buffers > 1<<15:
		return o, fmt.Errorf("%d buffers: must be 1 to 32768", o.Buffers)
	case o.Backlog < 0 || o.Backlog > 1<<30:
		return o, fmt.Errorf("backlog of %d bytes: must be at most 1 GiB", o.Backlog)
	}
	return o, nil
}

// A Group is one worker's share of AF_PACKET: one pool of frames, and a socket
// for each port. Only Wake may be called from a goroutine other than the
// worker's, and Close while the worker is in Wait.
type Group struct {
	opts    Options
	pool    pool
	in      *batch
	filling [batchSize]uint64 // frame that each message of in receives into, or noFrame
	out     *batch
	sockets []*Socket
	closed  atomic.Bool
	waker   poll.Waker

	sleep sync.Mutex    // held by Wait, so that Close does not pull the sockets from under it
	polls []unix.PollFd // the waker, the sockets, then what is watched
	found []*bool       // by the sockets and what is watched
}

// NewGroup returns a Group without sockets.
func NewGroup(opts Options) (*Group, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("new af_packet group: %w", err)
	}
	g := &Group{opts: opts, in: newBatch(), out: newBatch()}
	for i := range g.filling {
		g.filling[i] = noFrame
	}
	if g.pool, err = newPool(opts.Buffers); err != nil {
		return nil, fmt.Errorf("new af_packet group: %w", err)
	}
	if err := g.waker.Open(); err != nil {
		return nil, errors.Join(fmt.Errorf("new af_packet group: %w", err), g.pool.unmap())
	}
	g.polls = []unix.PollFd{g.waker.PollFd()}
	return g, nil
}

// NewFrame makes p an empty packet in a free frame, with Headroom before it and
// nobody's In, for what the director says itself. It reports false, and leaves
// p alone, if there is no free frame.
func (g *Group) NewFrame(p *packet.Packet) bool {
	if g.closed.Load() {
		return false
	}
	frame, ok := g.pool.take(held)
	if !ok {
		return false
	}
	p.Frame, p.In = frame|ours, packet.NoPort
	p.Reset(g.pool.chunk(frame), packet.Headroom, 0)
	return true
}

// Release drops ps: their frames go back to the pool, and the caller must not
// look at the packets again.
func (g *Group) Release(ps []*packet.Packet) {
	for _, p := range ps {
		g.pool.give(p.Frame&^ours, held)
	}
}

// An Account tells where the frames of a Group are. Send copies, so that at
// rest, when the caller holds no packet, Held is zero.
type Account struct {
	Free  int // in the pool
	Fill  int // waiting for Recv to receive into
	Held  int // with the caller
	Total int // all of them
}

// Account returns where the frames are.
func (g *Group) Account() Account {
	c := g.pool.count
	return Account{Free: c[free], Fill: c[fill], Held: c[held], Total: len(g.pool.at)}
}

// Close wakes Wait, closes all sockets and gives the memory back. The caller
// must be out of every other method and must not look at packets that it still
// holds. A second Close does nothing.
func (g *Group) Close() error {
	if g.closed.Swap(true) {
		return nil
	}
	g.waker.Wake()
	g.sleep.Lock()
	defer g.sleep.Unlock()
	var errs []error
	for _, s := range g.sockets {
		errs = append(errs, s.close())
	}
	g.waker.Close()
	g.drain()
	g.in, g.out = nil, nil // they point into the memory
	if err := errors.Join(append(errs, g.pool.unmap())...); err != nil {
		return fmt.Errorf("close af_packet group: %w", err)
	}
	return nil
}
