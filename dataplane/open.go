package dataplane

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"

	"xlvs/config"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/steer"
	"xlvs/dataplane/xsk"
)

// maxEndpoints bounds the classifier's rules: some 300,000 real servers.
const maxEndpoints = 1 << 20

// Open returns a Director on the interfaces of c in the calling thread's network
// namespace, with c applied. From then on frames for its services are its own,
// so call Run soon. warn is told what goes wrong in the background and will be
// tried again. If Open fails, nothing is left behind.
func Open(c *config.Config, warn func(error)) (*Director, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, fmt.Errorf("raise the locked-memory limit: %w", err)
	}
	o := &opening{config: c, warn: warn}
	d, err := o.open()
	if err != nil {
		return nil, errors.Join(err, o.undo())
	}
	return d, nil
}

// An opening is a director in the making: what is open so far.
type opening struct {
	config  *config.Config
	warn    func(error)
	ports   []port
	mirror  *neigh.Mirror
	filter  *steer.Classifier
	maps    []*ebpf.Map // by port
	queues  []Queues
	closers []func() error
	// ready is the finished director, for the mirror's notifications.
	ready atomic.Pointer[Director]
}

func (o *opening) open() (*Director, error) {
	var err error
	if o.ports, err = findPorts(o.config.Dataplane.Interfaces); err != nil {
		return nil, err
	}
	if err := o.openRouter(); err != nil {
		return nil, err
	}
	if err := o.openFilter(); err != nil {
		return nil, err
	}
	if err := o.openWorkers(); err != nil {
		return nil, err
	}
	d, err := New(o.queues, o.mirror, o.filter, Options{MaxConnections: o.config.Dataplane.MaxConnections})
	if err != nil {
		return nil, err
	}
	d.ports = o.ports
	if err := errors.Join(d.Apply(o.config), o.attach()); err != nil {
		return nil, errors.Join(err, d.table.Close())
	}
	d.closers = o.closers
	o.ready.Store(d)
	return d, nil
}

// undo closes what is open, last first.
func (o *opening) undo() error {
	var errs []error
	for _, q := range o.queues {
		errs = append(errs, q.Close())
	}
	for i := len(o.closers) - 1; i >= 0; i-- {
		errs = append(errs, o.closers[i]())
	}
	return errors.Join(errs...)
}

func (o *opening) openRouter() error {
	m, err := neigh.Open(neighPorts(o.ports), neigh.Options{Notify: o.notify, LocalsChanged: o.localsChanged, Warn: o.warn})
	if err != nil {
		return err
	}
	o.mirror = m
	o.closers = append(o.closers, m.Close)
	return nil
}

// notify has the workers look at the packets they hold.
func (o *opening) notify() {
	if d := o.ready.Load(); d != nil {
		d.wake()
	}
}

func (o *opening) localsChanged() {
	if d := o.ready.Load(); d != nil {
		if err := d.refreshRules(); err != nil {
			o.warn(err)
		}
	}
}

func (o *opening) openFilter() error {
	f, err := steer.New(maxEndpoints)
	if err != nil {
		return err
	}
	o.filter = f
	o.closers = append(o.closers, f.Close)
	for _, p := range o.ports {
		m, err := xsk.NewSocketMap(p.queues)
		if err != nil {
			return fmt.Errorf("interface %s: %w", p.Name, err)
		}
		o.maps = append(o.maps, m)
		o.closers = append(o.closers, m.Close)
	}
	return nil
}

func (o *opening) openWorkers() error {
	size, err := frameSize(o.ports)
	if err != nil {
		return err
	}
	dp := o.config.Dataplane
	n := workerCount(o.ports, dp.Workers, runtime.NumCPU())
	if dp.Workers > n {
		o.warn(fmt.Errorf("%d workers instead of %d: an interface has no more receive queues", n, dp.Workers))
	}
	for w := range n {
		q, err := openQueues(o.ports, o.maps, w, n, o.mode(), xsk.Options{FrameSize: size, BusyPoll: dp.BusyPoll})
		if err != nil {
			return err
		}
		o.queues = append(o.queues, q)
	}
	return nil
}

func (o *opening) mode() xsk.Mode {
	if o.config.Dataplane.Mode == config.XDPGeneric {
		return xsk.Generic
	}
	return xsk.Native
}

// attach has frames arrive. The link is closed before the queues are, so that no
// frame is redirected to a socket that nobody reads.
func (o *opening) attach() error {
	for i, p := range o.ports {
		prog, err := o.filter.XDP(o.maps[i])
		if err != nil {
			return fmt.Errorf("interface %s: %w", p.Name, err)
		}
		o.closers = append(o.closers, prog.Close)
		l, err := xsk.Attach(p.Index, prog, o.mode())
		if err != nil {
			return fmt.Errorf("interface %s: %w", p.Name, err)
		}
		o.closers = append(o.closers, l.Close)
	}
	return nil
}
