package neigh

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// offline returns a mirror without sockets or goroutines: port 3 with routes to
// 192.0.2.0/24, 2001:db8::/64, and by gateway 192.0.2.1 to everything.
func offline(hops int, opts Options) *Mirror {
	opts.Hops = hops
	m := newMirror([]Port{{Number: 3, Index: inside, Name: "in"}}, opts)
	on4, on6, by := prefix("192.0.2.0/24"), prefix("2001:db8::/64"), prefix("0.0.0.0/0")
	on4.port, on6.port, by.port = 3, 3, 3
	by.gateway, by.mtu = addr("192.0.2.1"), 1400
	m.view.Store(freeze(facts{
		routes:  []route{on4, on6, by},
		links:   []Link{3: {Name: "in", MAC: ourMAC, MTU: 1500, Up: true}},
		devices: []device{{exit{port: 3}, inside, ourMAC, 1500}},
		addrs:   []address{{addr("192.0.2.9"), 120, inside, global}},
	}, 1))
	return m
}

var (
	ourMAC   = header.MAC{2, 0, 0, 0, 0, 9}
	theirMAC = header.MAC{2, 0, 0, 0, 0, 1}
)

// tell makes m learn a state of a neighbour on port 3.
func tell(m *Mirror, a string, state int, deleted bool, now time.Time) bool {
	k := &netlink.Neigh{LinkIndex: inside, Family: unix.AF_INET, IP: addr(a).Netip().AsSlice(), State: state}
	if !addr(a).Is4() {
		k.Family = unix.AF_INET6
	}
	if state&usableStates != 0 {
		k.HardwareAddr = theirMAC[:]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.learn(k, deleted, now)
}

func TestHopID(t *testing.T) {
	id := newHopID(0xbeef, 0xcafe)
	if id.Epoch() != 0xbeef || id.number() != 0xcafe {
		t.Errorf("newHopID(0xbeef, 0xcafe) = %#x: epoch %#x, number %#x", uint32(id), id.Epoch(), id.number())
	}
	if id.Stale(0xbeef) || !id.Stale(0xbef0) {
		t.Errorf("%#x is stale in its own epoch, or is not in the next", uint32(id))
	}
	if got := nextEpoch(0xffff); got != 1 {
		t.Errorf("nextEpoch(0xffff) = %d, want 1: 0 is no epoch", got)
	}
}

func TestHopOfNobody(t *testing.T) {
	m := offline(8, Options{})
	for _, id := range []HopID{0, newHopID(1, 5), newHopID(1, 0xffff)} {
		if got := m.Hop(id).State; got != Unroutable {
			t.Errorf("Hop(%#x).State = %v, want unroutable", uint32(id), got)
		}
		m.Resolve(id)
		m.Keep(id)
	}
	if len(m.asks) != 0 {
		t.Errorf("%d hops asked about, want none", len(m.asks))
	}
}

func TestRouteMakesOneHopPerNeighbour(t *testing.T) {
	m := offline(0, Options{})
	near, again, other := m.Route(addr("192.0.2.7")), m.Route(addr("192.0.2.7")), m.Route(addr("192.0.2.8"))
	far, farther := m.Route(addr("203.0.113.1")), m.Route(addr("198.51.100.1"))
	if near != again || near == other || far != farther || far == near {
		t.Errorf("hops: on link %#x %#x %#x, by gateway %#x %#x", near, again, other, far, farther)
	}
	want := Hop{Port: 3, State: Pending, Src: ourMAC, MTU: 1400, Source: addr("192.0.2.9"), Gateway: addr("192.0.2.1")}
	if got := m.Hop(far); *got != want {
		t.Errorf("Hop(by gateway) = %+v, want %+v", *got, want)
	}
	if got := m.Route(addr("2001:db8:1::1")); m.Hop(got).State != Unroutable || got.Stale(m.Epoch()) {
		t.Errorf("Route without a route = %#x, %v", got, m.Hop(got).State)
	}
}

func TestNeighbourStates(t *testing.T) {
	m := offline(0, Options{})
	id := m.Route(addr("192.0.2.7"))
	now := time.Unix(1000, 0)
	steps := []struct {
		name    string
		state   int
		deleted bool
		want    HopState
		notify  bool
	}{
		{"probing begins", netlink.NUD_INCOMPLETE, false, Pending, false},
		{"gives up", netlink.NUD_FAILED, false, Failed, true},
		{"the kernel tries again by itself", netlink.NUD_INCOMPLETE, false, Failed, false},
		{"answers", netlink.NUD_REACHABLE, false, Reachable, true},
		{"grows old", netlink.NUD_STALE, false, Reachable, false},
		{"is probed", netlink.NUD_PROBE, false, Reachable, false},
		{"is flushed", netlink.NUD_STALE, true, Pending, false},
		{"is set by hand", netlink.NUD_PERMANENT, false, Reachable, true},
	}
	for _, s := range steps {
		notify := tell(m, "192.0.2.7", s.state, s.deleted, now)
		h := m.Hop(id)
		if h.State != s.want || notify != s.notify {
			t.Fatalf("%s: state %v, notify %t, want %v, %t", s.name, h.State, notify, s.want, s.notify)
		}
		if (h.Dst == theirMAC) != (s.want == Reachable) {
			t.Errorf("%s: Dst = %x", s.name, h.Dst)
		}
	}
}

func TestRouteAndHopDoNotAllocate(t *testing.T) {
	m := offline(0, Options{})
	for _, a := range []lvs.Addr{addr("192.0.2.7"), addr("2001:db8::7"), addr("203.0.113.7")} {
		m.Route(a)
		n := testing.AllocsPerRun(100, func() {
			if id := m.Route(a); m.Hop(id).State != Pending || m.Stale(id, m.Epoch()) || m.IsLocal(a) {
				t.Fatal("not the hop it was")
			}
		})
		if n != 0 {
			t.Errorf("Route(%v) and Hop allocate %v times, want 0", a, n)
		}
	}
}

func BenchmarkRoute(b *testing.B) {
	m := offline(0, Options{})
	for name, a := range map[string]lvs.Addr{"v4 on link": addr("192.0.2.7"), "v6 on link": addr("2001:db8::7"), "v4 by gateway": addr("203.0.113.7")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Route(a)
			}
		})
	}
}

func BenchmarkHop(b *testing.B) {
	m := offline(0, Options{})
	id := m.Route(addr("192.0.2.7"))
	b.ReportAllocs()
	for b.Loop() {
		if m.Hop(id).State != Pending {
			b.Fatal("not the hop it was")
		}
	}
}

// BenchmarkRouteAmongMany looks up at random in a table the size of a large
// network's.
func BenchmarkRouteAmongMany(b *testing.B) {
	const n = 100_000
	m := offline(0, Options{})
	f := m.view.Load().facts
	for i := range uint32(n) {
		r := f.routes[2] // by gateway
		r.prefix, r.bits = lvs.Addr4(20<<24+i<<8), 120
		f.routes = append(f.routes, r)
	}
	m.view.Store(freeze(f, 2))
	dsts := make([]lvs.Addr, 1<<16)
	for i := range dsts {
		dsts[i] = lvs.Addr4(20<<24 + rand.Uint32N(n)<<8)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Route(dsts[i%len(dsts)])
	}
}
