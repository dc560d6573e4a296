package dataplane

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"xlvs/config"
	"xlvs/dataplane/announce"
	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
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
	config   *config.Config
	warn     func(error)
	mirror   *neigh.Mirror
	filter   *steer.Classifier
	door     *host.Door // nil if there can be none
	announce *announce.Announcer
	rig      *rig
	closers  []func() error
	// ready is the finished director, for notifications that come before.
	ready atomic.Pointer[Director]
}

// ErrRunning is wrapped by Open when the network namespace has a director.
var ErrRunning = errors.New("a director is running in this network namespace already")

// claim makes this the one director of the namespace: two would both handle
// every frame in packet mode. Abstract socket names are per network namespace,
// and free again when the process dies.
func (o *opening) claim() error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("claim the network namespace: %w", err)
	}
	o.closers = append(o.closers, func() error { return unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "@xlvs/director"}); err != nil {
		if err == unix.EADDRINUSE {
			return ErrRunning
		}
		return fmt.Errorf("claim the network namespace: %w", err)
	}
	return nil
}

func (o *opening) open() (*Director, error) {
	ports, err := findPorts(o.config.Dataplane)
	if err != nil {
		return nil, err
	}
	if err := o.openRouter(ports); err != nil {
		return nil, err
	}
	if o.filter, err = steer.New(maxEndpoints); err != nil {
		return nil, err
	}
	o.closers = append(o.closers, o.filter.Close)
	if err := o.claim(); err != nil {
		return nil, err
	}
	if err := o.openDoor(ports); err != nil {
		return nil, err
	}
	if err := o.openAnnouncer(ports); err != nil {
		return nil, err
	}
	if o.rig, err = openRig(ports, o.config.Dataplane, o.filter, o.door); err != nil {
		return nil, err
	}
	d, err := New(o.rig.workerQueues(), o.mirror, o.filter, Options{MaxConnections: o.config.Dataplane.MaxConnections})
	if err != nil {
		return nil, err
	}
	if err := o.openErrors(d); err != nil {
		return nil, errors.Join(err, d.table.Close())
	}
	o.furnish(d)
	if err := d.Apply(o.config); err != nil {
		return nil, errors.Join(err, d.table.Close())
	}
	o.ready.Store(d)
	d.followLocals() // which may have changed since they were looked at
	return d, nil
}

// furnish gives d what New does without.
func (o *opening) furnish(d *Director) {
	d.settings = o.config.Dataplane
	d.warn, d.ports, d.rig, d.closers = o.warn, o.rig.ports, o.rig, o.closers
	d.mirror, d.classifier, d.announcer = o.mirror, o.filter, o.announce
	d.changed = make(chan struct{}, 1)
	if o.door != nil {
		d.host, d.door = o.door, o.door
	}
}

// openErrors has d hear what routers say about its tunnels.
func (o *opening) openErrors(d *Director) error {
	t, err := listenForErrors()
	if err != nil {
		return err
	}
	t.d, d.errors = d, t
	o.closers = append(o.closers, t.close)
	return nil
}

// undo closes what is open, last first.
func (o *opening) undo() error {
	var errs []error
	if o.rig != nil {
		errs = append(errs, o.rig.close())
	}
	for i := len(o.closers) - 1; i >= 0; i-- {
		errs = append(errs, o.closers[i]())
	}
	return errors.Join(errs...)
}

func (o *opening) openRouter(ports []port) error {
	m, err := neigh.Open(neighPorts(ports), neigh.Options{
		Notify:        o.whenReady((*Director).wake),
		LocalsChanged: o.whenReady((*Director).followLocals),
		LinkChanged:   func(n uint16) { o.whenReady(func(d *Director) { d.followLink(n) })() },
		LinkAppeared:  func(string, int) { o.whenReady((*Director).linksChanged)() },
		Warn:          o.warn,
	})
	if err != nil {
		return err
	}
	o.mirror = m
	o.closers = append(o.closers, m.Close)
	return nil
}

// whenReady returns a notification that is for the finished director.
func (o *opening) whenReady(f func(*Director)) func() {
	return func() {
		if d := o.ready.Load(); d != nil {
			f(d)
		}
	}
}

// openDoor opens the door to the host. Where the kernel has neither way, the
// director goes without, and says so.
func (o *opening) openDoor(ports []port) error {
	list := make([]host.Port, len(ports))
	opts := host.Options{Number: uint16(len(ports))}
	for i, p := range ports {
		list[i] = host.Port{Number: p.Number, Index: p.Index}
		opts.Stamp = opts.Stamp || p.mode == config.XDPGeneric
	}
	door, err := host.Open(list, opts)
	if errors.Is(err, host.ErrNoTUN) {
		door, err = host.OpenLive(list, opts)
	}
	if err != nil {
		o.warn(fmt.Errorf("stray packets of services are dropped, not given to the host: %w", err))
		return nil
	}
	o.door = door
	o.closers = append(o.closers, door.Close)
	return nil
}

func (o *opening) openAnnouncer(ports []port) error {
	if !o.config.Dataplane.AnswerARP {
		return nil
	}
	var list []announce.Port
	for _, p := range ports {
		if p.NoEthernet {
			continue
		}
		list = append(list, announce.Port{Number: p.Number, Index: p.Index, MAC: o.mirror.Link(p.Number).MAC})
	}
	a, err := announce.Open(list, announce.Options{Warn: o.warn, Conflict: func(vip lvs.Addr, n uint16, mac header.MAC) {
		o.warn(fmt.Errorf("VIP %v is claimed by %v on %s, too", vip, mac, ports[n].Name))
	}})
	if err != nil {
		return err
	}
	o.announce = a
	o.closers = append(o.closers, func() error { a.Close(); return nil })
	return nil
}
