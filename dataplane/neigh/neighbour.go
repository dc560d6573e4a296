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

// readNeighbours replaces the cache with the kernel's table. It is for listen,
// where no notification is taken in meanwhile.
func (m *Mirror) readNeighbours() error {
	cache, err := m.neighbours(m.view.Load())
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.cache = cache
	changed := m.refreshAll()
	m.mu.Unlock()
	m.notify(changed)
	return nil
}

// neighbours reads the kernel's table, as far as the devices of v go. What
// changes during the dump is in the notifications that follow.
func (m *Mirror) neighbours(v *view) (map[neighbour]cached, error) {
	cache := make(map[neighbour]cached)
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		ks, err := m.ask.NeighList(0, family)
		if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
			return nil, fmt.Errorf("dump neighbours of address family %d: %w", family, err)
		}
		for i := range ks {
			if n, c, ok := newCached(&ks[i]); ok && v.drives(n.index) {
				cache[n] = c
			}
		}
	}
	return cache, nil
}

// learn takes over what the kernel says of a neighbour, and reports whether a
// hop became Reachable or Failed. The caller holds m.mu.
func (m *Mirror) learn(k *netlink.Neigh, deleted bool, now time.Time) (changed bool) {
	n, c, ok := newCached(k)
	if !ok || !m.view.Load().drives(n.index) {
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
