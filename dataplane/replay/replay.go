// Package replay is queues on captures: frames come from pcap files or from
// memory, and what is sent is kept to be looked at or written to pcap files.
//
// It stands in the place of a network card, so that the same director that
// forwards for clients can be run over a capture, and that a test can see every
// frame it sends. It watches over ownership as no card does: Check says which
// packet was not given back exactly once, and the memory of one that was is
// wiped. No clock runs here: a frame that is sent has the time of the one that
// it came in as. Nothing here knows what is in a frame.
package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"xlvs/dataplane/packet"
)

// ErrOwnership is wrapped by Check when a packet was kept, or given back twice.
var ErrOwnership = errors.New("packet not given back exactly once")

// Options tune Queues. The zero value is ready to use.
type Options struct {
	Batch int                     // most packets that one Recv returns; 0 means as many as there is room for
	Take  func(frame []byte) bool // the classifier: whether the frame is the director's; nil means all are
}

// Queues feed one worker with frames. They are a dataplane.Queues, and like
// that for one goroutine, but for Wake and Elapsed.
type Queues struct {
	opts    Options
	in      []Frame
	next    int    // in in
	loans   []loan // by the number that a packet has in its Frame
	sent    []Frame
	passed  []Frame
	strays  int // packets given back that were never handed out
	elapsed atomic.Int64
}

// A loan is a frame that was handed out.
type loan struct {
	frame    *Frame
	chunk    []byte // nil once it was given back
	returned int
}

// New returns Queues that hand out in, in its order.
func New(in []Frame, opts Options) *Queues {
	if opts.Batch <= 0 {
		opts.Batch = len(in)
	}
	if opts.Take == nil {
		opts.Take = func([]byte) bool { return true }
	}
	return &Queues{opts: opts, in: in}
}

// Recv fills ps from the front with the frames that are next, each in a chunk
// of its own. When there are no more it returns io.EOF.
func (q *Queues) Recv(ps []packet.Packet) (n int, err error) {
	room := min(len(ps), q.opts.Batch)
	for ; n < room && q.next < len(q.in); q.next++ {
		f := &q.in[q.next]
		if !q.opts.Take(f.Data) {
			q.passed = append(q.passed, *f)
			continue
		}
		q.lend(&ps[n], f)
		n++
	}
	if n == 0 && q.next == len(q.in) {
		return 0, io.EOF
	}
	return n, nil
}

// chunkSize is that of an AF_XDP chunk. A frame that is too long for it has a
// larger one.
const chunkSize = 2048

func (q *Queues) lend(p *packet.Packet, f *Frame) {
	chunk := make([]byte, max(chunkSize, packet.Headroom+len(f.Data)))
	copy(chunk[packet.Headroom:], f.Data)
	p.Frame, p.In = uint64(len(q.loans)), f.Port
	p.Reset(chunk, packet.Headroom, len(f.Data))
	q.loans = append(q.loans, loan{frame: f, chunk: chunk})
	since := int64(f.Time.Sub(q.in[0].Time))
	q.elapsed.Store(max(since, q.elapsed.Load()))
}

// Send keeps a copy of each of ps under the port that its Out names, and takes
// ps back.
func (q *Queues) Send(ps []*packet.Packet) {
	for _, p := range ps {
		f := Frame{Port: p.Out, Data: bytes.Clone(p.Bytes())}
		if p.Frame < uint64(len(q.loans)) {
			f.Time = q.loans[p.Frame].frame.Time
		}
		q.sent = append(q.sent, f)
	}
	q.Release(ps)
}

// Release takes ps back and wipes them, so that whoever still looks at one
// finds nothing there.
func (q *Queues) Release(ps []*packet.Packet) {
	for _, p := range ps {
		if p.Frame >= uint64(len(q.loans)) {
			q.strays++
			continue
		}
		l := &q.loans[p.Frame]
		l.returned++
		clear(l.chunk)
		l.chunk = nil
	}
}

// NewFrame makes p an empty packet with room for n bytes. What is sent of it has
// the time of the frame that of came in as.
func (q *Queues) NewFrame(p, of *packet.Packet, n int) bool {
	l := loan{chunk: make([]byte, max(chunkSize, packet.Headroom+n))}
	if of.Frame < uint64(len(q.loans)) {
		l.frame = q.loans[of.Frame].frame
	}
	p.Frame, p.In = uint64(len(q.loans)), of.In
	p.Reset(l.chunk, packet.Headroom, 0)
	q.loans = append(q.loans, l)
	return true
}

// Wait returns at once: whatever will come is there.
func (q *Queues) Wait(time.Duration) error { return nil }

// Wake does nothing, since nobody waits.
func (q *Queues) Wake() {}

// Close does nothing; what was sent can still be asked for.
func (q *Queues) Close() error { return nil }

// Sent returns what has been sent so far, in order.
func (q *Queues) Sent() []Frame { return slices.Clip(q.sent) }

// Passed returns what Take has left to the host so far, in order.
func (q *Queues) Passed() []Frame { return slices.Clip(q.passed) }

// Elapsed returns how long after the first frame the latest of those handed out
// was captured. As a director's clock it has timeouts pass as they did when the
// capture was made. It never goes back, and any goroutine may call it.
func (q *Queues) Elapsed() time.Duration { return time.Duration(q.elapsed.Load()) }

// Check returns an error for each packet handed out that has not been given
// back exactly once, and one for packets given back that never were handed out.
func (q *Queues) Check() error {
	var errs []error
	for i, l := range q.loans {
		if l.returned != 1 {
			errs = append(errs, fmt.Errorf("packet %d, of port %d: %w: given back %d times", i, l.frame.Port, ErrOwnership, l.returned))
		}
	}
	if q.strays != 0 {
		errs = append(errs, fmt.Errorf("%w: %d were never handed out", ErrOwnership, q.strays))
	}
	return errors.Join(errs...)
}
