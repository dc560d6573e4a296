package neigh

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A neighbour is the kernel's key of one: an address on an interface.
type neighbour struct {
	index int
	addr  lvs.Addr
}

// cached is a line of the kernel's neighbour table.
type cached struct {
	mac     header.MAC
	state   uint16 // NUD_…
	flags   uint8  // NTF_…
	managed bool   // NTF_EXT_MANAGED
}

// usable are the states in which the kernel itself would send to the address it has.
const usableStates = netlink.NUD_REACHABLE | netlink.NUD_STALE | netlink.NUD_DELAY |
	netlink.NUD_PROBE | netlink.NUD_PERMANENT | netlink.NUD_NOARP

func (c cached) usable() bool { return c.state&usableStates != 0 }

// fixed reports whether the kernel needs no help to keep the neighbour. To ask
// for it would even turn a permanent neighbour into one that can vanish.
func (c cached) fixed() bool {
	return c.managed || c.state&(netlink.NUD_PERMANENT|netlink.NUD_NOARP) != 0
}

// newCached converts k. It reports false for what is no neighbour on Ethernet:
// entries of a bridge, proxies.
func newCached(k *netlink.Neigh) (n neighbour, c cached, ok bool) {
	if k.Family != unix.AF_INET && k.Family != unix.AF_INET6 || k.Flags&netlink.NTF_PROXY != 0 {
		return n, c, false
	}
	n = neighbour{k.LinkIndex, addrOf(k.IP)}
	c = cached{state: uint16(k.State), flags: uint8(k.Flags), managed: k.FlagsExt&netlink.NTF_EXT_MANAGED != 0}
	if copy(c.mac[:], k.HardwareAddr) != len(c.mac) && c.usable() {
		return n, c, false
	}
	return n, c, true
}

// readNeighbours replaces the cache with the kernel's table.
func (m *Mirror) readNeighbours() error {
	cache := make(map[neighbour]cached)
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		ks, err := m.ask.NeighList(0, family)
		// What changed during the dump is in the notifications that follow.
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return fmt.Errorf("dump neighbours of address family %d: %w", family, err)
		}
		for i := range ks {
			if n, c, ok := newCached(&ks[i]); ok && m.drives(n.index) {
				cache[n] = c
			}
		}
	}
	m.mu.Lock()
	m.cache = cache
	changed := m.refreshAll()
	m.mu.Unlock()
	m.notify(changed)
	return nil
}

// drives reports whether the interface is a port.
func (m *Mirror) drives(index int) bool {
	for i := range m.ports {
		if m.ports[i].Index == index {
			return true
		}
	}
	return false
}

// learn takes over what the kernel says of a neighbour, and reports whether a
// hop became Reachable or Failed. The caller holds m.mu.
func (m *Mirror) learn(k *netlink.Neigh, deleted bool, now time.Time) (changed bool) {
	n, c, ok := newCached(k)
	if !ok || !m.drives(n.index) {
		return false
	}
	if deleted {
		delete(m.cache, n)
		delete(m.managed, n)
		c = cached{}
	} else {
		m.cache[n] = c
	}
	for _, e := range m.entries[n] {
		_, waits := m.waiting[e]
		// An entry that goes while it is asked for was given up by the kernel.
		if c.state&netlink.NUD_FAILED != 0 || deleted && waits && !e.failed {
			m.fail(e, now)
		}
		changed = m.refresh(e) || changed
	}
	return changed
}

// refreshAll works out every hop again. The caller holds m.mu.
func (m *Mirror) refreshAll() (changed bool) {
	m.hops.all(func(e *entry) { changed = m.refresh(e) || changed })
	return changed
}

// refresh replaces the entry's hop if it is no longer true, and reports whether
// it became Reachable or Failed. The caller holds m.mu.
func (m *Mirror) refresh(e *entry) (changed bool) {
	v, c := m.view.Load(), m.cache[e.on]
	link := v.link(e.key.port)
	h := Hop{Port: e.key.port, State: Pending, Src: link.MAC, MTU: link.MTU, Source: e.key.source, Gateway: e.key.neighbour}
	if e.key.mtu != 0 {
		h.MTU = min(h.MTU, int(e.key.mtu))
	}
	if h.Source.IsZero() {
		h.Source = v.source(e.on.index, e.key.neighbour, e.key.v4, e.key.via)
	}
	switch {
	case c.usable():
		h.State, h.Dst = Reachable, c.mac
		m.settle(e)
	case e.failed:
		h.State = Failed
	}
	old := e.hop.Load()
	if old != nil && *old == h {
		return false
	}
	e.hop.Store(&h)
	return h.State != Pending && (old == nil || old.State != h.State)
}

// discover makes the entry of k, unless another worker just has. It returns nil
// if there is no room.
func (m *Mirror) discover(k hopKey) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.hops.find(&k); e != nil {
		return e
	}
	e := &entry{key: k, on: neighbour{m.indexOf(k.port), k.neighbour}}
	m.refresh(e)
	if !m.hops.add(e) {
		select {
		case m.full <- struct{}{}:
		default:
		}
		return nil
	}
	m.entries[e.on] = append(m.entries[e.on], e)
	if k.via {
		m.keep(e)
	}
	return e
}

// indexOf returns the interface index of a port that a route names.
func (m *Mirror) indexOf(number uint16) int {
	for i := range m.ports {
		if m.ports[i].Number == number {
			return m.ports[i].Index
		}
	}
	return 0
}
