package neigh

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

// routes adds routes as the ip command spells them, to the namespace of the
// test's thread, which the command inherits.
func (l *lab) routes(specs ...string) {
	l.t.Helper()
	for _, s := range specs {
		l.ip("route add " + s)
	}
}

func (l *lab) ip(args string) {
	l.t.Helper()
	if text, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		l.t.Fatalf("ip %s: %v: %s", args, err, text)
	}
}

// TestRoutesAreFollowed changes routes step by step under an open mirror.
func TestRoutesAreFollowed(t *testing.T) {
	l := newLab(t)
	m := l.open()
	steps := []struct {
		ip, dst string
		state   HopState
		gateway string // of a hop with a neighbour
		port    uint16
	}{
		{"route add 203.0.113.0/25 via 192.0.2.1 metric 20", "203.0.113.1", Pending, "192.0.2.1", in},
		{"route add 203.0.113.0/25 via 198.51.100.1 metric 10", "203.0.113.1", Pending, "198.51.100.1", out},
		{"route add 203.0.113.0/26 dev in", "203.0.113.1", Pending, "203.0.113.1", in},
		{"route add blackhole 203.0.113.1/32", "203.0.113.1", Unroutable, "", 0},
		{"route del blackhole 203.0.113.1/32", "203.0.113.1", Pending, "203.0.113.1", in},
		{"route del 203.0.113.0/26 dev in", "203.0.113.1", Pending, "198.51.100.1", out},
		{"route del 203.0.113.0/25 via 198.51.100.1 metric 10", "203.0.113.1", Pending, "192.0.2.1", in},
		{"route del 203.0.113.0/25 via 192.0.2.1 metric 20", "203.0.113.1", Foreign, "", 0},
		{"route add 203.0.113.0/25 via inet6 fe80::1 dev out", "203.0.113.1", Pending, "fe80::1", out},
		{"route add 203.0.113.200/32 via 10.9.9.9 dev in onlink", "203.0.113.200", Pending, "10.9.9.9", in},
		{"-6 route add default via fe80::7 dev in", "2001:db8:77::1", Pending, "fe80::7", in},
		{"-6 route add 2001:db8:77::/64 nexthop via fe80::8 dev out nexthop via fe80::9 dev in", "2001:db8:77::1", Pending, "fe80::8", out},
		{"-6 route replace unreachable 2001:db8:77::/64 metric 1", "2001:db8:77::1", Unroutable, "", 0},
		{"-6 route add throw 2001:db8:78::/64", "2001:db8:78::1", Unroutable, "", 0},
		{"route add default via 198.51.100.1 table 253", "233.252.0.1", Pending, "198.51.100.1", out},
	}
	for _, s := range steps {
		before := m.Epoch()
		old := m.Route(addr(s.dst))
		l.ip(s.ip)
		l.eventually("epoch after "+s.ip, func() bool { return m.Stale(old, m.Epoch()) && m.Epoch() != before })
		h := *m.Hop(m.Route(addr(s.dst)))
		if h.State == Reachable || h.State == Failed {
			h.State = Pending // what gateways do is not asked here
		}
		want := Hop{State: s.state, Port: s.port}
		if s.gateway != "" {
			want.Gateway = addr(s.gateway)
		}
		if h.State != want.State || h.Port != want.Port || h.Gateway != want.Gateway {
			t.Errorf("%s: %+v, want %+v", s.ip, h, want)
		}
	}
}

func TestRouteAttributes(t *testing.T) {
	l := newLab(t)
	l.ip("addr add 192.0.2.33/24 dev in")
	l.routes("203.0.113.0/25 via 192.0.2.1 mtu 1280 src 192.0.2.33", "203.0.113.0/26 via inet6 2001:db8:1::1 dev out")
	m := l.open()
	h := m.Hop(m.Route(addr("203.0.113.100")))
	if h.MTU != 1280 || h.Source != addr("192.0.2.33") {
		t.Errorf("MTU %d, source %v, want 1280, 192.0.2.33", h.MTU, h.Source)
	}
	if h = l.awaitState(m, addr("203.0.113.1"), Reachable); h.Source != addr("198.51.100.9") || h.Dst != l.theirMAC("out") {
		t.Errorf("by an IPv6 gateway: %+v, want source 198.51.100.9", *h)
	}
}

// TestMultipath takes the carrier of the first next hop away, and gives it back.
func TestMultipath(t *testing.T) {
	l := newLab(t)
	l.routes("203.0.113.0/25 nexthop via 192.0.2.1 nexthop via 198.51.100.1")
	m := l.open()
	through := func(port uint16) func() bool {
		return func() bool { return m.Hop(m.Route(addr("203.0.113.1"))).Port == port }
	}
	l.eventually("through the first", through(in))
	peer, err := l.peers.LinkByName("in")
	must(t, err)
	must(t, l.peers.LinkSetDown(peer))
	l.eventually("through the second", through(out))
	if m.Link(in).Up || !m.Link(out).Up {
		t.Errorf("links up: in %t, out %t, want false, true", m.Link(in).Up, m.Link(out).Up)
	}
	must(t, l.peers.LinkSetUp(peer))
	l.eventually("through the first again", through(in))
}

// TestSilentlyFlushedRoutes: the kernel drops a route whose source address goes,
// and tells nobody of the route.
func TestSilentlyFlushedRoutes(t *testing.T) {
	l := newLab(t)
	l.ip("addr add 203.0.113.33/32 dev lo")
	l.routes("233.252.0.0/24 via 192.0.2.1 src 203.0.113.33")
	m := l.open()
	if got := m.Hop(m.Route(addr("233.252.0.1"))); got.Source != addr("203.0.113.33") {
		t.Errorf("%+v, want source 203.0.113.33", *got)
	}
	l.ip("addr del 203.0.113.33/32 dev lo")
	l.eventually("no route", func() bool { return m.Hop(m.Route(addr("233.252.0.1"))).State == Unroutable })
}

func TestPortRemoved(t *testing.T) {
	l := newLab(t)
	m := l.open()
	id := m.Route(addr("192.0.2.1"))
	must(t, netlink.LinkDel(l.link("in")))
	l.eventually("port gone", func() bool { return m.Link(in) == Link{} })
	m.Resolve(id) // a stale ID, of an interface that is no more
	if got := m.Hop(m.Route(addr("192.0.2.1"))).State; got != Unroutable {
		t.Errorf("Route over a port that is gone: %v, want unroutable", got)
	}
	if _, err := net.InterfaceByName("in"); err == nil {
		t.Error("interface still there")
	}
}
