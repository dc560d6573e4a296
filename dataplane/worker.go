package dataplane

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
)

// batch is how many packets a worker takes at once: enough for their cache
// misses to overlap, few enough to stay in the first-level cache.
const batch = 64

// A worker moves the packets of its queues. All of it belongs to the goroutine
// in run, but what mu guards, which run holds while it decides about a batch.
type worker struct {
	d       *Director
	queues  Queues
	packets [batch]packet.Packet
	flows   [batch]flow
	out     []*packet.Packet
	drop    []*packet.Packet
	strays  []stray // for the host
	display display
	pieces  []packet.Packet // made of others, and in out

	// Being made: a piece of a super-frame, perhaps a fragment of that, and the
	// list of one that is not sent.
	segment, cut packet.Packet
	one          [1]*packet.Packet

	// As of the beginning of the batch.
	snap  *snapshot
	epoch uint32
	clock time.Duration // since the director was made
	now   conntrack.Time

	limit  icmp.Limiter
	held   []heldPacket
	rouse  bool   // other workers hold pieces that can go on
	sink   uint64 // what stage two and three read, so that they are not optimised away
	edited bool   // this batch, so far, or the last had connections with Deltas

	former  conntrack.Conn // whose successor is being scheduled,
	lingers bool           // if one is

	mu       sync.Mutex
	tally    tally
	verdicts [Verdicts]uint64
	samples  [Verdicts]Sample
}

func newWorker(d *Director, q Queues) *worker {
	return &worker{d: d, queues: q, out: make([]*packet.Packet, 0, batch+maxHeld+maxPieces),
		pieces: make([]packet.Packet, 0, maxPieces), drop: make([]*packet.Packet, 0, batch+maxHeld)}
}

// idle bounds how long a worker sleeps, so that held packets and Close are
// looked after even if a wake-up is lost.
const idle = time.Second

// run moves packets until the director is closed or the queues end. It gives
// back every packet.
func (w *worker) run() error {
	defer w.releaseHeld()
	for !w.d.stopped.Load() {
		n, err := w.queues.Recv(w.packets[:])
		if n > 0 {
			w.handle(w.packets[:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("receive: %w", err)
		case n > 0:
			continue
		}
		if len(w.held) > 0 {
			w.handle(nil)
		}
		if err := w.queues.Wait(idle); err != nil {
			return fmt.Errorf("wait for packets: %w", err)
		}
	}
	return nil
}

// handle takes a batch to its verdicts, and sends or releases all of it.
func (w *worker) handle(ps []packet.Packet) {
	w.display.begin(w.d.taps.Load(), ps)
	w.decideAll(ps)
	if w.rouse {
		w.rouse = false
		w.d.wake()
	}
	w.giveBack()
	if len(w.out) > 0 {
		w.queues.Send(w.out)
		w.out, w.pieces = w.out[:0], w.pieces[:0]
	}
	if len(w.drop) > 0 {
		w.queues.Release(w.drop)
		w.drop = w.drop[:0]
	}
	w.forgetReleased()
}

// decideAll is the batch in stages. Each loop touches one kind of memory, so
// that the processor has many misses under way at once.
func (w *worker) decideAll(ps []packet.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin()
	flows := w.flows[:len(ps)]
	for i := range ps {
		if flows[i].read(&ps[i]); flows[i].verdict == undecided {
			w.seek(&flows[i])
		}
	}
	w.touch(flows)
	for i := range ps {
		w.finish(&ps[i], &flows[i], w.decide(&ps[i], &flows[i]))
	}
	w.retryHeld()
}

// manyConnections is from where on the lines of the table's index are in no cache.
const manyConnections = 1 << 17

// touch is stages two and three: index lines, then entries, and what belongs to
// them where the batch before has had use for it.
func (w *worker) touch(flows []flow) {
	t := w.d.table
	if t.Len() > manyConnections {
		for i := range flows {
			if f := &flows[i]; f.verdict == undecided {
				w.sink += t.Seek(&f.key)
			}
		}
	}
	for i := range flows {
		if f := &flows[i]; f.verdict == undecided {
			t.Probe(&f.key)
		}
	}
	for i := range flows {
		if f := &flows[i]; f.verdict == undecided {
			w.sink += t.Touch(&f.key)
		}
	}
	if w.edited {
		w.edited = false
		for i := range flows {
			if f := &flows[i]; f.verdict == undecided {
				w.sink += t.TouchDeltas(&f.key)
			}
		}
	}
}

// begin loads what holds for the whole batch.
func (w *worker) begin() {
	w.snap = w.d.snapshot.Load()
	w.epoch = w.d.router.Epoch()
	w.clock = w.d.clock()
	w.now = conntrack.Time(w.clock / conntrack.Tick)
}

// seek is the second half of stage one: it decides in which direction a packet is
// looked up, and by which key.
func (w *worker) seek(f *flow) {
	f.aim(w.snap)
	switch {
	case f.verdict != undecided:
	case f.local:
		w.d.table.KeyLocal(&f.key, &f.tuple)
	default:
		w.d.table.Key(&f.key, &f.tuple, f.dir)
	}
}

// finish takes p to its verdict, and shows it to whoever watches.
func (w *worker) finish(p *packet.Packet, f *flow, v Verdict) {
	if v != held {
		w.place(p, f, v)
	}
	if w.display.taps != nil {
		w.show(p, f, v)
	}
}

// place counts the verdict and puts the packet where it belongs by now: out of a
// port, back, or with those for the host.
func (w *worker) place(p *packet.Packet, f *flow, v Verdict) {
	w.verdicts[v]++
	if v.drops() {
		w.sample(v, f)
	}
	switch {
	case v == ToHost, v == Local:
		w.strays = append(w.strays, stray{p, v})
	case p.Out == packet.NoPort:
		w.drop = append(w.drop, p)
	default:
		w.out = append(w.out, p)
	}
}
