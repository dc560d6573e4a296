package neigh

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// How long a hop waits for its neighbour, as long as the kernel's three probes;
// and how long after failing it is not asked about again.
const (
	patience = 3 * time.Second
	penance  = time.Second
)

// Resolve asks the kernel to find the hop's neighbour. It returns at once; the
// hop changes later, and Options.Notify is called. Repeated calls for one hop
// are one, and a Failed hop is asked about no more than once a second. When too
// many hops wait, the request is dropped: call again with the next packet.
func (m *Mirror) Resolve(id HopID) {
	if e := m.hops.entry(id.number()); e != nil && e.number >= firstHop {
		m.enqueue(e)
	}
}

// Keep resolves the hop and keeps its neighbour alive until Close, whether or
// not packets go there. It is for real servers; gateways are kept anyway.
func (m *Mirror) Keep(id HopID) {
	if e := m.hops.entry(id.number()); e != nil && e.number >= firstHop {
		m.keep(e)
	}
}

func (m *Mirror) keep(e *entry) {
	e.kept.Store(true)
	m.enqueue(e)
}

func (m *Mirror) enqueue(e *entry) {
	if e.key.raw { // has no neighbour
		return
	}
	if e.asking.Load() || !e.asking.CompareAndSwap(false, true) {
		return
	}
	select {
	case m.asks <- e:
	default:
		e.asking.Store(false)
	}
}

// request asks the kernel for the entry's neighbour, if there is need to.
func (m *Mirror) request(e *entry, now time.Time) {
	m.mu.Lock()
	on, c := e.on, m.cache[e.on]
	if c.usable() && (c.fixed() || !e.kept.Load()) {
		m.settle(e)
		m.mu.Unlock()
		return
	}
	if !c.usable() {
		e.failed, e.deadline = false, now.Add(patience)
		m.waiting[e] = struct{}{}
	}
	manage := e.kept.Load() || c.managed
	if manage && !c.managed {
		m.managed[on] = true
	}
	changed := m.refresh(e)
	m.mu.Unlock()
	if err := m.use(on, c, manage); err != nil {
		if !errors.Is(err, unix.ENODEV) {
			m.warn(err)
		}
		m.mu.Lock()
		if e.on == on { // else it is asked about on another interface
			m.fail(e, now)
			changed = m.refresh(e) || changed
		}
		m.mu.Unlock()
	}
	m.notify(changed)
}

// use makes the kernel use a neighbour, which starts to resolve or confirm it,
// and says whether the kernel shall manage it from now on. Kernels before 5.16
// take no notice of that, and are asked again at every round. What else the
// neighbour is marked with stays.
func (m *Mirror) use(n neighbour, c cached, manage bool) error {
	if n.index == 0 {
		return fmt.Errorf("resolve %v: %w", n.addr, unix.ENODEV)
	}
	k := n.kernel()
	k.Flags = netlink.NTF_USE | int(c.flags)&(netlink.NTF_EXT_LEARNED|netlink.NTF_ROUTER)
	if manage {
		k.FlagsExt = netlink.NTF_EXT_MANAGED
	}
	err := m.ask.NeighSet(k)
	if manage && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP)) {
		k.FlagsExt = 0
		err = m.ask.NeighSet(k)
	}
	if err != nil {
		return fmt.Errorf("resolve %v on interface %d: %w", n.addr, n.index, err)
	}
	return nil
}

// kernel returns n as netlink spells it.
func (n neighbour) kernel() *netlink.Neigh {
	k := &netlink.Neigh{LinkIndex: n.index, Family: unix.AF_INET6, IP: n.addr.Netip().AsSlice()}
	if n.addr.Is4() {
		k.Family = unix.AF_INET
	}
	return k
}

// fail marks e as failed for a while. The caller holds m.mu and refreshes e.
func (m *Mirror) fail(e *entry, now time.Time) {
	e.failed, e.deadline = true, now.Add(penance)
	e.asking.Store(true)
	m.waiting[e] = struct{}{}
}

// settle ends whatever e waits for. The caller holds m.mu.
func (m *Mirror) settle(e *entry) {
	e.failed = false
	e.asking.Store(false)
	delete(m.waiting, e)
}

// expire fails the hops that waited too long, and lets those be asked about
// again whose failure is long enough ago.
func (m *Mirror) expire(now time.Time) {
	var changed bool
	m.mu.Lock()
	for e := range m.waiting {
		switch {
		case now.Before(e.deadline):
		case e.failed:
			e.asking.Store(false)
			delete(m.waiting, e)
		default:
			m.fail(e, now)
			changed = m.refresh(e) || changed
		}
	}
	m.mu.Unlock()
	m.notify(changed)
}

// remind asks again for the kept hops that the kernel does not manage: it is too
// old for that, or it forgot them when their link went down.
func (m *Mirror) remind() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hops.all(func(e *entry) {
		if e.kept.Load() && !m.cache[e.on].fixed() {
			m.enqueue(e)
		}
	})
}

// release takes back what the mirror asked the kernel to keep alive, as far as
// whose says. A neighbour that answers stays, as an ordinary one; the others go.
// The caller holds m.mu.
func (m *Mirror) release(whose func(neighbour) bool) (errs error) {
	for n := range m.managed {
		if !whose(n) {
			continue
		}
		delete(m.managed, n)
		var err error
		if c := m.cache[n]; c.usable() {
			err = m.use(n, c, false)
		} else {
			err = m.ask.NeighDel(n.kernel())
		}
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENETDOWN) {
			errs = errors.Join(errs, fmt.Errorf("release neighbour %v on interface %d: %w", n.addr, n.index, err))
		}
	}
	return errs
}
