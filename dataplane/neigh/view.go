package neigh

import (
	"errors"
	"slices"

	"github.com/vishvananda/netlink"

	"xlvs/lvs"
)

// facts are what one reading of the kernel's tables found.
type facts struct {
	routes  []route
	links   []Link   // by port number
	devices []device // by index
	addrs   []address
	names   map[string]int // of all interfaces; no lookup depends on them
}

// equal reports whether every lookup has the same answer in both.
func (f *facts) equal(g *facts) bool {
	return slices.Equal(f.links, g.links) && slices.Equal(f.devices, g.devices) &&
		slices.Equal(f.addrs, g.addrs) && slices.Equal(f.routes, g.routes)
}

// A view is facts made ready for lookup. Once published it never changes.
type view struct {
	facts
	epoch   uint32 // 1 to 65535
	tries   [len(tables)][2]trie
	ways    []way
	exits   map[exit]device
	indexes map[int]struct{} // of the devices
	locals  map[lvs.Addr]struct{}
}

// freeze makes facts a view.
func freeze(f facts, epoch uint32) *view {
	v := &view{
		facts: f, epoch: epoch,
		exits: make(map[exit]device, len(f.devices)), indexes: make(map[int]struct{}, len(f.devices)),
		locals: make(map[lvs.Addr]struct{}, len(f.addrs)),
	}
	v.plant()
	v.finish()
	for _, d := range f.devices {
		v.exits[d.exit], v.indexes[d.index] = d, struct{}{}
	}
	for _, a := range f.addrs {
		v.locals[a.addr] = struct{}{}
	}
	return v
}

// plant makes the tries, which lead to routes.
func (v *view) plant() {
	var sizes [len(tables)][2]int
	for i := range v.routes {
		sizes[v.routes[i].table][v.routes[i].family()]++
	}
	for i := range v.routes {
		r := &v.routes[i]
		t := &v.tries[r.table][r.family()]
		if t.nodes == nil {
			t.nodes = make([]node, 0, 2*sizes[r.table][r.family()]+1) // a fork for each at most
		}
		slot := t.slot(r.prefix, r.bits)
		// Of equals the first in the kernel's own order stays.
		if *slot == noRoute || v.routes[*slot].metric > r.metric {
			*slot = int32(i)
		}
	}
}

// finish has the tries lead to ways in the place of routes, and makes them fast.
func (v *view) finish() {
	places := make(map[way]int32)
	place := func(r int32) int32 {
		w := &v.routes[r].way
		p, ok := places[*w]
		if !ok {
			p = int32(len(v.ways))
			places[*w] = p
			v.ways = append(v.ways, *w)
		}
		return p
	}
	for i := range v.tries {
		for j := range v.tries[i] {
			v.tries[i][j].finish(place)
		}
	}
}

// at returns a view of the same facts in another epoch.
func (v *view) at(epoch uint32) *view {
	next := *v
	next.epoch = epoch
	return &next
}

func (r *route) family() int { return family(r.prefix, r.bits) }

// family tells an IPv4 prefix (0) from an IPv6 prefix (1).
func family(prefix lvs.Addr, bits uint8) int {
	if prefix.Is4() && bits >= 96 {
		return 0
	}
	return 1
}

// noMatch is the route of what no table knows.
var noMatch = way{fate: unroutable}

// route returns the way to dst as the kernel's tables, in their order, have it.
func (v *view) route(dst lvs.Addr) *way {
	f := family(dst, 128)
	for t := range v.tries {
		i := v.tries[t][f].lookup(dst)
		if i != noRoute && v.ways[i].fate != throwOn {
			return &v.ways[i]
		}
	}
	return &noMatch
}

// nextEpoch follows e; 0 is left out, so that HopID 0 stays nobody's.
func nextEpoch(e uint32) uint32 { return e%0xffff + 1 }

// read dumps links, addresses and routes. With netlink.ErrDumpInterrupted the
// facts are usable, but the caller should read again. The caller holds m.reading.
func (m *Mirror) read() (f facts, err error) {
	var interrupted error
	ks, err := m.interfaces()
	if errors.Is(err, netlink.ErrDumpInterrupted) {
		interrupted = err
	} else if err != nil {
		return f, err
	}
	f.links, f.devices, f.names = portLinks(m.ports, ks), devices(m.ports, ks), names(ks)
	if f.addrs, err = m.addrs(); errors.Is(err, netlink.ErrDumpInterrupted) {
		interrupted = err
	} else if err != nil {
		return f, err
	}
	if f.routes, err = m.routes(f.devices); err != nil {
		return f, err
	}
	return f, interrupted
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

// drives reports whether the interface is a port or a VLAN on one.
func (v *view) drives(index int) bool {
	_, ok := v.indexes[index]
	return ok
}

func (v *view) link(port uint16) Link {
	if int(port) >= len(v.links) {
		return Link{}
	}
	return v.links[port]
}
