package dataplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/vishvananda/netlink"

	"xlvs/config"
	"xlvs/dataplane/announce"
	"xlvs/dataplane/steer"
)

// linksChanged has Run look at the interfaces again.
func (d *Director) linksChanged() {
	select {
	case d.changed <- struct{}{}:
	default: // it will, and sees this change too
	}
}

// followLink notices what happens to a port's link. Sockets survive a link that
// goes down; when it is up again, nobody behind it need remember the VIPs.
func (d *Director) followLink(number uint16) {
	l := d.mirror.Link(number)
	if d.announcer != nil && l.Up {
		d.announcer.Announce(number)
	}
	d.linksChanged()
}

// rebuild makes a new rig for the interfaces that there are now, as soon as there
// are any. It reports false if ctx ended. The workers have stopped.
func (d *Director) rebuild(ctx context.Context) bool {
	defer d.guard()()
	for {
		err := d.tryRebuild()
		if err == nil {
			return true
		}
		d.warn(fmt.Errorf("interfaces have changed: %w", err))
		select {
		case <-ctx.Done():
			return false
		case <-d.changed:
		case <-time.After(time.Second):
		}
	}
}

func (d *Director) tryRebuild() error {
	ports, err := d.lookAgain()
	if err != nil {
		return err
	}
	d.note(d.rig.close())
	d.rewire(nil)
	d.setPorts(ports)
	c := d.settings
	c.Workers = len(d.workers) // each keeps its counters
	rig, err := openRig(ports, c, d.classifier, d.door)
	if err != nil {
		return err
	}
	d.rig = rig
	d.mu.Lock()
	d.ports = rig.ports // whose modes are settled now
	d.mu.Unlock()
	d.rewire(rig.workerQueues())
	return nil
}

// guard keeps what is the director's from the host while no rig does, until
// release: the host would reset connections that it knows nothing of. A frame
// that is lost meanwhile is sent again.
func (d *Director) guard() (release func()) {
	var links []io.Closer
	prog, err := d.classifier.Drop()
	if err == nil {
		links = append(links, prog)
		for _, p := range d.ports {
			if l, err := steer.AttachGuard(p.Index, prog); err == nil { // it may be gone, the kernel too old
				links = append(links, l)
			}
		}
	}
	d.note(err)
	return func() {
		for _, l := range slices.Backward(links) {
			d.note(l.Close())
		}
	}
}

// rewire gives the workers queues, and those that are left over none.
func (d *Director) rewire(queues []Queues) {
	for i, w := range d.workers {
		w.mu.Lock()
		w.queues = noQueues{}
		if i < len(queues) {
			w.queues = queues[i]
		}
		w.mu.Unlock()
	}
}

// stale reports whether the rig no longer fits the interfaces that there are.
func (d *Director) stale() bool {
	ports, err := d.lookAgain()
	if err != nil {
		d.warn(err)
		return false
	}
	for i := range ports {
		old, now := &d.ports[i], &ports[i]
		if old.Index != now.Index || old.Index != 0 && old.mtu != now.mtu && old.outgrown(now) {
			return true
		}
	}
	return false
}

// outgrown reports whether p's MTU has become another that its frames do not
// suit: they are of another size, or one no longer holds a packet.
func (p *port) outgrown(now *port) bool {
	return frameSize([]port{*p}) != frameSize([]port{*now}) || p.jumbo() != now.jumbo() ||
		p.mode != config.Packet && now.mode == config.Packet
}

// lookAgain returns the director's ports as they are now. One that is gone has
// no index.
func (d *Director) lookAgain() ([]port, error) {
	c, ports := d.settings, slices.Clone(d.ports)
	for i := range ports {
		p := &ports[i]
		l, err := netlink.LinkByName(p.Name)
		if _, gone := errors.AsType[netlink.LinkNotFoundError](err); gone {
			if l, err = netlink.LinkByIndex(p.Index); err != nil {
				l, err = nil, nil // not renamed either
			}
		}
		if err != nil {
			return nil, fmt.Errorf("interface %s: %w", p.Name, err)
		}
		if l != nil {
			p.Name = l.Attrs().Name
		}
		if err := p.find(l, c); err != nil {
			p.Index = 0
		}
	}
	return ports, nil
}

// setPorts tells everybody who knows a port by its index.
func (d *Director) setPorts(ports []port) {
	for i, p := range ports {
		switch old := d.ports[i].Index; {
		case p.Index == 0 && old != 0:
			d.warn(fmt.Errorf("interface %s is gone", p.Name))
		case p.Index != old:
			d.warn(fmt.Errorf("interface %s is there again", p.Name))
		}
	}
	d.mu.Lock()
	d.ports = ports
	d.mu.Unlock()
	if err := d.mirror.SetPorts(neighPorts(ports)); err != nil {
		d.warn(err)
	}
	for _, p := range ports {
		if d.door != nil && p.Index != 0 {
			if err := d.door.SetPort(p.Number, p.Index); err != nil {
				d.warn(err)
			}
		}
		if d.announcer == nil || p.NoEthernet {
			continue
		}
		if p.Index == 0 {
			d.announcer.RemovePort(p.Number)
		} else if err := d.announcer.SetPort(announce.Port{Number: p.Number, Index: p.Index, MAC: d.mirror.Link(p.Number).MAC}); err != nil {
			d.warn(err)
		}
	}
}
