package neigh

import (
	"errors"
	"slices"

	"github.com/vishvananda/netlink"

	"xlvs/lvs"
)

// facts are what one reading of the kernel's tables found.
type facts struct {
	routes []route
	links  []Link // by port number
	addrs  []address
}

// A view is facts made ready for lookup. Once published it never changes.
type view struct {
	facts
	epoch  uint32 // 1 to 65535
	tries  [len(tables)][2]trie
	locals map[lvs.Addr]struct{}
}

// freeze makes facts a view.
func freeze(f facts, epoch uint32) *view {
	v := &view{facts: f, epoch: epoch, locals: make(map[lvs.Addr]struct{}, len(f.addrs))}
	for i := range f.routes {
		r := &f.routes[i]
		slot := v.tries[r.table][family(r.prefix, r.bits)].slot(r.prefix, r.bits)
		// Of equals the first in the kernel's own order stays.
		if *slot == noRoute || f.routes[*slot].metric > r.metric {
			*slot = int32(i)
		}
	}
	for _, a := range f.addrs {
		v.locals[a.addr] = struct{}{}
	}
	return v
}

// at returns a view of the same facts in another epoch.
func (v *view) at(epoch uint32) *view {
	next := *v
	next.epoch = epoch
	return &next
}

// family tells an IPv4 prefix (0) from an IPv6 prefix (1).
func family(prefix lvs.Addr, bits uint8) int {
	if prefix.Is4() && bits >= 96 {
		return 0
	}
	return 1
}

// noMatch is the route of what no table knows.
var noMatch = route{fate: unroutable}

// route returns the route to dst as the kernel's tables, in their order, have it.
func (v *view) route(dst lvs.Addr) *route {
	f := family(dst, 128)
	for t := range v.tries {
		i := v.tries[t][f].lookup(dst)
		if i != noRoute && v.routes[i].fate != throwOn {
			return &v.routes[i]
		}
	}
	return &noMatch
}

// nextEpoch follows e; 0 is left out, so that HopID 0 stays nobody's.
func nextEpoch(e uint32) uint32 { return e%0xffff + 1 }

// read dumps links, addresses and routes. With netlink.ErrDumpInterrupted the
// facts are usable, but the caller should read again.
func (m *Mirror) read() (f facts, err error) {
	var interrupted error
	if f.links, err = m.links(); err != nil {
		return f, err
	}
	if f.addrs, err = m.addrs(); errors.Is(err, netlink.ErrDumpInterrupted) {
		interrupted = err
	} else if err != nil {
		return f, err
	}
	if f.routes, err = m.routes(); err != nil {
		return f, err
	}
	return f, interrupted
}

// reload reads the kernel's tables again, and publishes what has changed. After
// an error it rings the bell, so that it is called again.
func (m *Mirror) reload() {
	f, err := m.read()
	if err != nil {
		m.ring()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			m.warn(err)
			return
		}
	}
	old := m.view.Load()
	if slices.Equal(f.links, old.links) && slices.Equal(f.addrs, old.addrs) && slices.Equal(f.routes, old.routes) {
		return
	}
	next := freeze(f, nextEpoch(old.epoch))
	m.mu.Lock()
	m.view.Store(next)
	changed := m.refreshAll()
	m.mu.Unlock()
	m.notify(changed)
	if m.opts.LocalsChanged != nil && !sameLocals(old, next) {
		m.opts.LocalsChanged()
	}
}

func sameLocals(a, b *view) bool {
	if len(a.locals) != len(b.locals) {
		return false
	}
	for addr := range a.locals {
		if _, ok := b.locals[addr]; !ok {
			return false
		}
	}
	return true
}

// Epoch returns the number of the current view, 1 to 65535. It changes with any
// route, link or address; workers read it once per batch.
func (m *Mirror) Epoch() uint32 { return m.view.Load().epoch }

// IsLocal reports whether a is an address of the host, on whatever interface.
func (m *Mirror) IsLocal(a lvs.Addr) bool {
	_, ok := m.view.Load().locals[a]
	return ok
}

// Locals returns the host's own addresses in no order. The slice is the caller's.
func (m *Mirror) Locals() []lvs.Addr {
	v := m.view.Load()
	as := make([]lvs.Addr, 0, len(v.locals))
	for a := range v.locals {
		as = append(as, a)
	}
	return as
}

// Link returns what is known about a port, the zero Link if it is gone.
func (m *Mirror) Link(port uint16) Link { return m.view.Load().link(port) }

func (v *view) link(port uint16) Link {
	if int(port) >= len(v.links) {
		return Link{}
	}
	return v.links[port]
}
