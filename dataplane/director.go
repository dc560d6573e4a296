package dataplane

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"xlvs/conntrack"
	"xlvs/conntrack/ftp"
	"xlvs/dataplane/defence"
	"xlvs/dataplane/fragment"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// Options tune a Director. The zero value is ready to use.
type Options struct {
	MaxConnections int                  // room in the connection table; 0 means 1,000,000
	Clock          func() time.Duration // never goes backwards; nil means the time since New
}

// A Director schedules connections to real servers and forwards their packets.
type Director struct {
	table    *conntrack.Table
	loads    *lvs.Loads
	router   Router
	filter   Filter
	workers  []*worker
	clock    func() time.Duration
	snapshot atomic.Pointer[snapshot]
	stopped  atomic.Bool            // workers end
	taps     atomic.Pointer[[]*tap] // captures that go on; nil for none
	defence  defence.Defence
	lastID   atomic.Uint32 // identification of the latest packet without one that left in fragments

	announced announcements
	fragments *fragment.Tracker[fate]

	// What Open adds; without it there are queues, a router and a filter only.
	hardware
	host Host // nil: strays are dropped

	mu sync.Mutex
	ledger

	// Guarded by filtering, which is taken last of all locks.
	filtering sync.Mutex
	claims    steer.Claims
	owed      steer.Rules            // that the filter does not have yet
	clients   map[lvs.Tuple]struct{} // connections of clients on the director itself
}

// New returns a Director without services that has a worker for each of queues.
func New(queues []Queues, router Router, filter Filter, opts Options) (*Director, error) {
	loads := new(lvs.Loads)
	table, err := conntrack.New(loads, conntrack.Options{MaxConnections: opts.MaxConnections})
	if err != nil {
		return nil, err
	}
	start := time.Now()
	d := &Director{
		table: table, loads: loads, router: router, filter: filter,
		clock:     func() time.Duration { return time.Since(start) },
		fragments: fragment.New[fate](fragment.Options{}),
		announced: announcements{modes: map[lvs.Tuple]ftp.Mode{}},
		clients:   map[lvs.Tuple]struct{}{}, hardware: hardware{warn: func(error) {}},
		ledger: newLedger(), claims: steer.Claims{}, owed: steer.Rules{},
	}
	loads.Grow(0)
	if opts.Clock != nil {
		d.clock = opts.Clock
	}
	d.lastID.Store(rand.Uint32())
	for _, q := range queues {
		d.workers = append(d.workers, newWorker(d, q))
	}
	d.snapshot.Store(newSnapshot(&d.ledger))
	return d, nil
}

// Run moves packets until ctx ends or a worker fails, and returns that failure.
// It may be called once, in the network namespace that Open was called in.
func (d *Director) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var sweeping sync.WaitGroup
	defer sweeping.Wait()
	defer cancel()
	sweeping.Go(func() { d.upkeep(ctx) })
	if d.errors != nil {
		sweeping.Go(func() { d.errors.listen(ctx, 0) })
		sweeping.Go(func() { d.errors.listen(ctx, 1) })
	}
	for {
		err := d.runWorkers(ctx)
		if !errors.Is(err, errPortsChanged) {
			return err
		}
		if !d.rebuild(ctx) {
			return nil
		}
	}
}

// errPortsChanged is why runWorkers ends when the rig is stale.
var errPortsChanged = errors.New("ports have changed")

// runWorkers runs the workers until ctx ends, one of them ends, or the ports
// change.
func (d *Director) runWorkers(ctx context.Context) error {
	d.stopped.Store(false)
	var running sync.WaitGroup
	ended := make(chan error, len(d.workers))
	for _, w := range d.workers {
		running.Go(func() {
			runtime.LockOSThread() // queues are polled: a thread each, as the queue's interrupt has a core
			defer runtime.UnlockOSThread()
			ended <- w.run()
		})
	}
	err := d.untilEnd(ctx, ended)
	d.stopped.Store(true)
	d.wake()
	running.Wait()
	return err
}

// untilEnd waits for a reason to stop the workers.
func (d *Director) untilEnd(ctx context.Context, ended <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-d.changed:
			if d.stale() {
				return errPortsChanged
			}
		}
	}
}

// wake has every worker look at its queues and at the packets it holds.
func (d *Director) wake() {
	for _, w := range d.workers {
		w.mu.Lock()
		q := w.queues
		w.mu.Unlock()
		q.Wake()
	}
}

// Close gives everything back that the director holds. Run must have returned.
func (d *Director) Close() error {
	var errs []error
	if d.rig != nil {
		errs = append(errs, d.rig.close())
	} else {
		for _, w := range d.workers {
			errs = append(errs, w.queues.Close())
		}
	}
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(append(errs, d.table.Close())...)
}
