package dataplane

import (
	"io"
	"maps"
	"net/netip"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// A fakeRouter sends everything by one hop per address, which a test may change.
// The host holds the VIPs.
type fakeRouter struct {
	epoch    uint32
	hops     []*neigh.Hop // by number; number 0 is no hop
	number   map[lvs.Addr]int
	locals   []lvs.Addr
	resolved []neigh.HopID
}

func newFakeRouter() *fakeRouter {
	return &fakeRouter{epoch: 1, hops: []*neigh.Hop{{}}, number: map[lvs.Addr]int{}, locals: []lvs.Addr{addr(vip4), addr(vip6)}}
}

// set makes hop the way to dst.
func (r *fakeRouter) set(dst string, hop neigh.Hop) {
	a := lvs.AddrFrom(netip.MustParseAddr(dst))
	if n := r.number[a]; n != 0 {
		r.hops[n] = &hop
		return
	}
	r.number[a] = len(r.hops)
	r.hops = append(r.hops, &hop)
}

func (r *fakeRouter) Epoch() uint32 { return r.epoch }
func (r *fakeRouter) Route(dst lvs.Addr) neigh.HopID {
	return neigh.HopID(r.epoch<<16 | uint32(r.number[dst]))
}
func (r *fakeRouter) Hop(id neigh.HopID) *neigh.Hop { return r.hops[id&0xffff] }
func (r *fakeRouter) Resolve(id neigh.HopID)        { r.resolved = append(r.resolved, id) }
func (r *fakeRouter) Keep(neigh.HopID)              {}
func (r *fakeRouter) Locals() []lvs.Addr            { return r.locals }

// A fakeFilter remembers the rules, or refuses them.
type fakeFilter struct {
	rules   steer.Rules
	err     error
	touched int // endpoints that it was told of
}

func (f *fakeFilter) Update(change steer.Rules) error {
	if f.err != nil {
		return f.err
	}
	f.touched += len(change)
	f.rules = followed(f.rules, change)
	return nil
}

// followed returns r after a change.
func followed(r, change steer.Rules) steer.Rules {
	next := maps.Clone(r)
	if next == nil {
		next = steer.Rules{}
	}
	maps.Copy(next, change)
	maps.DeleteFunc(next, func(_ steer.Endpoint, rule steer.Rule) bool { return rule == steer.Rule{} })
	return next
}

// A memQueue feeds frames from memory, then fails with io.EOF. What it is given
// back it must have handed out.
type memQueue struct {
	in             [][]byte
	sent           []sentFrame
	given, dropped int
}

// A sentFrame is a frame and the port it left by.
type sentFrame struct {
	port  uint16
	frame []byte
}

func (q *memQueue) Recv(ps []packet.Packet) (n int, err error) {
	if len(q.in) == 0 {
		return 0, io.EOF
	}
	for n < len(ps) && n < len(q.in) {
		chunk := make([]byte, packet.Headroom+max(len(q.in[n]), 2048-packet.Headroom))
		copy(chunk[packet.Headroom:], q.in[n])
		ps[n].Reset(chunk, packet.Headroom, len(q.in[n]))
		n++
	}
	q.in = q.in[n:]
	q.given += n
	return n, nil
}

func (q *memQueue) Send(ps []*packet.Packet) {
	for _, p := range ps {
		q.sent = append(q.sent, sentFrame{p.Out, append([]byte(nil), p.Bytes()...)})
	}
}

func (q *memQueue) NewFrame(p, of *packet.Packet, n int) bool {
	p.Reset(make([]byte, packet.Headroom+n), packet.Headroom, 0)
	p.In = of.In
	q.given++
	return true
}

func (q *memQueue) Release(ps []*packet.Packet) { q.dropped += len(ps) }
func (q *memQueue) Wait(time.Duration) error    { return nil }
func (q *memQueue) Wake()                       {}
func (q *memQueue) Close() error                { return nil }

// A testDirector is a director with one worker between a client's port 0 and
// the real servers' port 1, whose clock a test steps.
type testDirector struct {
	*Director
	router *fakeRouter
	filter *fakeFilter
	queue  *memQueue
	now    time.Duration
}

// The stations of a testDirector's two links.
var (
	directorMAC0 = header.MAC{2, 0, 0, 0, 0, 0x10}
	directorMAC1 = header.MAC{2, 0, 0, 0, 0, 0x11}
	realMAC      = header.MAC{2, 0, 0, 0, 0, 0x20}
	routerMAC    = header.MAC{2, 0, 0, 0, 0, 0x30}
)

const (
	client4, client6 = "198.51.100.7", "2001:db8:c::7"
	vip4, vip6       = "192.0.2.1", "2001:db8:1::1"
	real4, real6     = "203.0.113.11", "2001:db8:2::11"
	dip4, dip6       = "203.0.113.1", "2001:db8:2::1"
)

func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

// newTestDirector returns a director of the given services, with hops to the
// client and the real server above and nowhere else.
func newTestDirector(t testing.TB, services ...config.Service) *testDirector {
	t.Helper()
	return newLargeDirector(t, 2000, services...)
}

// newLargeDirector is newTestDirector with room for limit connections.
func newLargeDirector(t testing.TB, limit int, services ...config.Service) *testDirector {
	t.Helper()
	d := &testDirector{router: newFakeRouter(), filter: &fakeFilter{}, queue: &memQueue{}}
	for _, a := range []string{client4, client6} {
		d.router.set(a, neigh.Hop{Port: 0, State: neigh.Reachable, Src: directorMAC0, Dst: routerMAC, MTU: 1500, Source: addr(vip4)})
	}
	d.router.set(real4, neigh.Hop{Port: 1, State: neigh.Reachable, Src: directorMAC1, Dst: realMAC, MTU: 1500, Source: addr(dip4)})
	d.router.set(real6, neigh.Hop{Port: 1, State: neigh.Reachable, Src: directorMAC1, Dst: realMAC, MTU: 1500, Source: addr(dip6)})
	var err error
	d.Director, err = New([]Queues{d.queue}, d.router, d.filter, Options{
		MaxConnections: limit,
		Clock:          func() time.Duration { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.table.Close() })
	d.apply(t, services...)
	return d
}

func (d *testDirector) apply(t testing.TB, services ...config.Service) {
	t.Helper()
	c := config.Default()
	c.Services = services
	if err := d.Apply(c); err != nil {
		t.Fatal(err)
	}
}

// service returns a service of the VIP of real's family with that real server.
func testService(p lvs.Protocol, m lvs.Method, reals ...string) config.Service {
	s := config.Service{ServiceKey: config.ServiceKey{Protocol: p, Port: 80}, Scheduler: "rr"}
	for _, r := range reals {
		a := netip.MustParseAddr(r)
		s.VIP = netip.MustParseAddr(vip6)
		if a.Is4() {
			s.VIP = netip.MustParseAddr(vip4)
		}
		port := uint16(8080)
		if m == lvs.DirectRouting {
			port = 80
		}
		s.Reals = append(s.Reals, config.Real{RealKey: config.RealKey{Addr: a, Port: port}, Method: m, Weight: 1})
	}
	return s
}

// push takes frames through the worker and returns what it sent, and the
// verdicts that were counted meanwhile.
func (d *testDirector) push(t testing.TB, frames ...[]byte) ([]sentFrame, map[Verdict]uint64) {
	t.Helper()
	before := d.Verdicts()
	d.queue.in, d.queue.sent = frames, nil
	w := d.workers[0]
	for {
		n, err := d.queue.Recv(w.packets[:])
		if err != nil {
			break
		}
		w.handle(w.packets[:n])
	}
	counted := map[Verdict]uint64{}
	for v, n := range d.Verdicts() {
		if n != before[v] {
			counted[Verdict(v)] = n - before[v]
		}
	}
	return d.queue.sent, counted
}
