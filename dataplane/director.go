package dataplane

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
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
	closed   atomic.Bool
	ports    []port         // none without Open
	closers  []func() error // what Open opened, to be closed last first

	// Guarded by mu: the desired state and what remains of earlier ones.
	mu       sync.Mutex
	config   *config.Config
	services []*serviceState
	trash    []*destination
	byID     []*destination // what the next snapshot starts from
	rules    steer.Rules
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
		clock:  func() time.Duration { return time.Since(start) },
		config: config.Default(),
		byID:   make([]*destination, 1), // number 0 is no destination
	}
	if opts.Clock != nil {
		d.clock = opts.Clock
	}
	for _, q := range queues {
		d.workers = append(d.workers, newWorker(d, q))
	}
	d.snapshot.Store(&snapshot{roles: newRoleTable(nil)})
	return d, nil
}

// Run moves packets until ctx ends or a worker fails, and returns that failure.
// It may be called once.
func (d *Director) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, w := range d.workers {
		wg.Go(func() {
			runtime.LockOSThread() // queues are polled: a thread each, as the queue's interrupt has a core
			defer runtime.UnlockOSThread()
			cancel(w.run())
		})
	}
	wg.Go(func() { d.sweep(ctx) })
	<-ctx.Done()
	d.closed.Store(true)
	d.wake()
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// wake has every worker look at its queues and at the packets it holds.
func (d *Director) wake() {
	for _, w := range d.workers {
		w.queues.Wake()
	}
}

// sweep turns the connection table's wheel and empties the trash, once a second.
func (d *Director) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := d.clock()
			d.table.Sweep(conntrack.Time(now / conntrack.Tick))
			d.emptyTrash(now)
		}
	}
}

// Close gives everything back that the director holds. Run must have returned.
func (d *Director) Close() error {
	var errs []error
	for _, w := range d.workers {
		errs = append(errs, w.queues.Close())
	}
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(append(errs, d.table.Close())...)
}
