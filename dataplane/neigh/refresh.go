package neigh

import "maps"

// refreshAll works out every hop again. The caller holds m.mu.
func (m *Mirror) refreshAll() (changed bool) {
	m.hops.all(func(e *entry) { changed = m.refresh(e) || changed })
	return changed
}

// refresh replaces the entry's hop if it is no longer true, and reports whether
// there is news for whoever holds packets for it. The caller holds m.mu.
func (m *Mirror) refresh(e *entry) (changed bool) {
	h := m.hopOf(e, m.view.Load())
	if h.State == Reachable {
		m.settle(e)
	}
	old := e.hop.Load()
	if old != nil && *old == h {
		return false
	}
	e.hop.Store(&h)
	return h.State != Pending && (old == nil || old.State != h.State)
}

// hopOf works out the entry's hop. The caller holds m.mu.
func (m *Mirror) hopOf(e *entry, v *view) Hop {
	d, ok := v.exits[e.key.exit]
	if !ok {
		return Hop{State: Unroutable}
	}
	h := Hop{
		Port: e.key.port, Tags: e.key.tags, Raw: e.key.raw, State: Pending,
		MTU: d.mtu, Source: e.key.source, Gateway: e.key.neighbour,
	}
	if e.key.mtu != 0 {
		h.MTU = min(h.MTU, int(e.key.mtu))
	}
	if h.Source.IsZero() {
		h.Source = v.source(e.on.index, e.key.neighbour, e.key.v4, e.key.via)
	}
	if h.Raw {
		h.State = Reachable
		return h
	}
	h.Src = d.mac
	switch c := m.cache[e.on]; {
	case c.usable():
		h.State, h.Dst = Reachable, c.mac
	case e.failed:
		h.State = Failed
	}
	return h
}

// discover makes the entry of k, unless another worker just has. It returns nil
// if there is no room.
func (m *Mirror) discover(k hopKey) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.hops.find(&k); e != nil {
		return e
	}
	e := &entry{key: k, on: neighbour{m.view.Load().exits[k.exit].index, k.neighbour}}
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

// rebind moves the hops to the interfaces that now stand for their exits, and
// forgets what was known and asked for on interfaces that are none any more. The
// caller holds m.mu and refreshes all.
func (m *Mirror) rebind(v *view) {
	m.hops.all(func(e *entry) {
		index := v.exits[e.key.exit].index
		if e.forgotten || e.on.index == index {
			return
		}
		m.detach(e)
		e.on.index = index
		m.entries[e.on] = append(m.entries[e.on], e)
		m.settle(e) // what it waited for was the other interface's
		if e.kept.Load() && index != 0 {
			m.enqueue(e)
		}
	})
	// What the kernel refuses here is about an interface that is gone, or the
	// neighbour stays managed: no more than it would if the mirror were killed.
	_ = m.release(func(n neighbour) bool { return !v.drives(n.index) })
	maps.DeleteFunc(m.cache, func(n neighbour, _ cached) bool { return !v.drives(n.index) })
}
