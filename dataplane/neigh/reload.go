package neigh

import (
	"errors"
	"maps"
	"slices"

	"github.com/vishvananda/netlink"
)

// tidings are what one reading has to tell to Options' functions. They are told
// without a lock, so that a function may call the mirror.
type tidings struct {
	hops     bool
	locals   bool
	ports    []uint16 // whose links changed
	appeared []string
	names    map[string]int // with the indexes of appeared
}

// reload reads the kernel's tables again, and publishes what has changed. After
// an error it rings the bell, so that it is called again.
func (m *Mirror) reload() {
	m.reading.Lock()
	t, err := m.renew()
	m.reading.Unlock()
	m.tell(t)
	if err != nil {
		m.warn(err)
	}
}

// renew does what reload promises. The caller holds m.reading.
func (m *Mirror) renew() (t tidings, err error) {
	f, err := m.read()
	if err != nil {
		m.ring()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return t, err
		}
	}
	old := m.view.Load()
	if !f.equal(&old.facts) {
		next := freeze(f, old.epoch)
		if t.hops, err = m.publish(next); err != nil {
			m.ring()
			return t, err
		}
		t.locals = !maps.Equal(old.locals, next.locals)
		t.ports = changedPorts(old.links, next.links)
	}
	t.names = f.names
	t.appeared = appeared(m.names, f.names)
	m.names = f.names
	return t, nil
}

// publish replaces the view by next, in an epoch of its own, and has the hops
// follow. It reports whether Notify is due.
func (m *Mirror) publish(next *view) (changed bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.view.Load()
	var cache map[neighbour]cached
	if !subset(next.indexes, old.indexes) {
		// What hear took in so far left the new devices out. It waits for m.mu, so
		// that whatever changes from now on is newer than this dump.
		if cache, err = m.neighbours(next); err != nil {
			return false, err
		}
	}
	next.epoch = nextEpoch(old.epoch)
	m.view.Store(next)
	m.rebind(next)
	if cache != nil {
		m.cache = cache
	}
	return m.refreshAll(), nil
}

func subset(a, b map[int]struct{}) bool {
	for i := range a {
		if _, ok := b[i]; !ok {
			return false
		}
	}
	return true
}

// changedPorts returns the numbers of the links that differ, but for their names.
func changedPorts(old, new []Link) (ports []uint16) {
	at := func(ls []Link, i int) (l Link) {
		if i < len(ls) {
			l = ls[i]
		}
		l.Name = ""
		return l
	}
	for i := range max(len(old), len(new)) {
		if at(old, i) != at(new, i) {
			ports = append(ports, uint16(i))
		}
	}
	return ports
}

// appeared returns the names in new that are not in old, or name another index
// there, in their order.
func appeared(old, new map[string]int) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if index, ok := old[name]; !ok || index != new[name] {
			found = append(found, name)
		}
	}
	return found
}

// tell calls Options' functions.
func (m *Mirror) tell(t tidings) {
	m.notify(t.hops)
	if m.opts.LocalsChanged != nil && t.locals {
		m.opts.LocalsChanged()
	}
	if m.opts.LinkChanged != nil {
		for _, port := range t.ports {
			m.opts.LinkChanged(port)
		}
	}
	if m.opts.LinkAppeared != nil {
		for _, name := range t.appeared {
			m.opts.LinkAppeared(name, t.names[name])
		}
	}
}
