package xsk

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
	"xlvs/dataplane/poll"
)

// Options tune a Group. The zero value is ready to use.
type Options struct {
	Ports     int           // how many sockets will be opened; 0 means 2
	FrameSize int           // bytes, 2048 or 4096; 0 means 2048
	Ring      int           // slots in each ring, a power of two; 0 means 2048
	TxBudget  int           // frames that one system call may transmit, where the kernel lets us say; 0 means 256
	Copy      bool          // no zero-copy, even where the driver has it
	Frags     bool          // frames may span several buffers; see HasFrags
	BusyPoll  time.Duration // how long a system call polls the device; 0 means interrupts
}

// withDefaults fills what is zero and refuses what the kernel would.
func (o Options) withDefaults() (Options, error) {
	for _, d := range []struct {
		v   *int
		def int
	}{
		{&o.Ports, 2}, {&o.FrameSize, 2048}, {&o.Ring, 2048}, {&o.TxBudget, 256},
	} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	switch {
	case o.FrameSize != 2048 && o.FrameSize != 4096:
		return o, fmt.Errorf("frame size %d: must be 2048 or 4096", o.FrameSize)
	case o.Ring < 1 || o.Ring > 1<<20 || o.Ring&(o.Ring-1) != 0:
		return o, fmt.Errorf("ring of %d: must be a power of two, at most 2^20", o.Ring)
	case o.Ports < 1 || o.Ports > 1<<10:
		return o, fmt.Errorf("%d ports: must be 1 to 1024", o.Ports)
	case o.Frags && o.Ring < maxPieces:
		return o, fmt.Errorf("ring of %d: must hold a frame of several buffers", o.Ring)
	case o.TxBudget < 0 || o.BusyPoll < 0:
		return o, errors.New("TxBudget and BusyPoll must not be negative")
	}
	return o, nil
}

// A Group is one worker's share of AF_XDP: one memory, one pool of frames, and
// the sockets that share them. Only Wake may be called from a goroutine other
// than the worker's, and Close while the worker is in Wait.
type Group struct {
	opts    Options
	mem     umem
	pool    pool
	long    longs
	sockets []*Socket
	closed  atomic.Bool
	waker   poll.Waker

	sleep sync.Mutex    // held by Wait, so that Close does not pull the sockets from under it
	polls []unix.PollFd // the waker, the sockets, then what is watched
	found []*bool       // by what is watched
}

// NewGroup returns a Group without sockets. Each socket brings frames for two
// rings: the fill ring stays full while as many frames are on their way out.
func NewGroup(opts Options) (*Group, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("new af_xdp group: %w", err)
	}
	g := &Group{opts: opts}
	frames := opts.Ports * 2 * opts.Ring
	if g.mem, err = newUMEM(frames, opts.FrameSize); err != nil {
		return nil, fmt.Errorf("new af_xdp group: %w", err)
	}
	g.pool = newPool(frames, uint(bits.TrailingZeros(uint(opts.FrameSize))))
	if opts.Frags {
		g.long, err = newLongs(longBuffers)
	}
	if err == nil {
		err = g.waker.Open()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("new af_xdp group: %w", err), g.mem.unmap(), g.long.unmap())
	}
	g.polls = []unix.PollFd{g.waker.PollFd()}
	return g, nil
}

// NewFrame makes p an empty packet with room for n bytes and Headroom before it,
// and nobody's In, for what the director says itself. It reports false, and
// leaves p alone, if there is no free frame, or none of that length.
func (g *Group) NewFrame(p *packet.Packet, n int) bool {
	if n > g.room() {
		return g.newLong(p, n)
	}
	addr, ok := g.pool.take(held)
	if !ok {
		return false
	}
	p.Frame, p.In = addr, packet.NoPort
	p.Reset(g.mem.chunk(addr), packet.Headroom, 0)
	return true
}

// Release drops ps: their frames go back to the pool, and the caller must not
// look at the packets again.
func (g *Group) Release(ps []*packet.Packet) {
	for _, p := range ps {
		g.release(p)
	}
}

func (g *Group) release(p *packet.Packet) {
	if isLong(p) {
		g.long.give(p.Frame, held)
		return
	}
	g.pool.give(p.Frame, held)
}

// An Account tells where the frames of a Group are, with Options.Frags also the
// buffers of those that span several. At rest, when the caller
// holds no packet and all are sent, Held and Tx are zero.
type Account struct {
	Free  int // in the pool
	Fill  int // with the kernel to receive into, or received and not taken
	Held  int // with the caller
	Tx    int // with the kernel to send, or sent and not taken back
	Total int // all of them
}

// Account returns where the frames are. Recv and Send take back what has been
// sent; Close what the kernel still had.
func (g *Group) Account() Account {
	c, l := g.pool.count, g.long.pool.count
	return Account{
		Free: c[free] + l[free], Fill: c[fill] + l[fill], Held: c[held] + l[held], Tx: c[sent],
		Total: len(g.pool.at) + len(g.long.pool.at),
	}
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
	for _, s := range g.sockets {
		s.close()
	}
	g.waker.Close()
	g.pool.recover()
	g.long.pool.recover()
	if err := errors.Join(g.mem.unmap(), g.long.unmap()); err != nil {
		return fmt.Errorf("close af_xdp group: %w", err)
	}
	return nil
}
