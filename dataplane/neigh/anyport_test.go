package neigh

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A log is what Options' functions have been told.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *log) has(line string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.lines, line)
}

func (l *log) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = nil
}

// options returns Options that write to l.
func (l *log) options() Options {
	return Options{
		LinkChanged:  func(port uint16) { l.add("changed %d", port) },
		LinkAppeared: func(name string, index int) { l.add("appeared %s %d", name, index) },
	}
}

// TestPortReturnsUnderAnotherIndex deletes a port's interface and makes it again.
func TestPortReturnsUnderAnotherIndex(t *testing.T) {
	l := newLab(t)
	var told log
	m := l.openWith(told.options())
	kept := m.Route(addr("192.0.2.1"))
	m.Keep(kept)
	l.awaitState(m, addr("192.0.2.1"), Reachable)
	other := *l.awaitState(m, addr("198.51.100.1"), Reachable)

	must(t, netlink.LinkDel(l.link("in")))
	l.eventually("told that it vanished", func() bool { return told.has(fmt.Sprintf("changed %d", in)) })
	if h := *m.Hop(kept); h != (Hop{State: Unroutable}) {
		t.Errorf("hop without its interface: %+v", h)
	}
	l.ports[0].Index = 0
	must(t, m.SetPorts(l.ports))
	told.clear()
	l.cable("in", "192.0.2.9/24", "192.0.2.1/24")
	index := l.link("in").Attrs().Index
	l.eventually("told that it appeared", func() bool { return told.has(fmt.Sprintf("appeared in %d", index)) })
	if got := m.Hop(m.Route(addr("192.0.2.1"))).State; got != Foreign {
		t.Errorf("through an interface that is not a port yet: %v, want foreign", got)
	}

	l.ports[0].Index = index
	before := m.Epoch()
	must(t, m.SetPorts(l.ports))
	if m.Epoch() == before || !told.has(fmt.Sprintf("changed %d", in)) {
		t.Error("SetPorts returned before the new interface was known")
	}
	if again := m.Route(addr("192.0.2.1")); again.number() != kept.number() {
		t.Errorf("the hop has number %d now, had %d", again.number(), kept.number())
	}
	if h := l.awaitState(m, addr("192.0.2.1"), Reachable); h.Dst != l.theirMAC("in") {
		t.Errorf("to %x, want %x", h.Dst, l.theirMAC("in"))
	}
	l.eventually("kept on the new interface", func() bool {
		k, _ := l.kernel("in", "192.0.2.1")
		return k.FlagsExt&netlink.NTF_EXT_MANAGED != 0
	})
	if got := *m.Hop(m.Route(addr("198.51.100.1"))); got != other {
		t.Errorf("the other port's hop is %+v now, was %+v", got, other)
	}
}

// TestPortIsPickedUpAgain has the mirror's own notification put the port back.
func TestPortIsPickedUpAgain(t *testing.T) {
	l := newLab(t)
	var mirror atomic.Pointer[Mirror]
	m := l.openWith(Options{LinkAppeared: func(name string, index int) {
		if name != "in" {
			return
		}
		ports := slices.Clone(l.ports)
		ports[0].Index = index
		if err := mirror.Load().SetPorts(ports); err != nil {
			t.Error(err)
		}
	}})
	mirror.Store(m)
	must(t, netlink.LinkDel(l.link("in")))
	l.cable("in", "192.0.2.9/24", "192.0.2.1/24")
	if h := l.awaitState(m, addr("192.0.2.1"), Reachable); h.Port != in || h.Dst != l.theirMAC("in") {
		t.Errorf("hop on the new interface: %+v", *h)
	}
}

func TestSetPortsRefuses(t *testing.T) {
	l := newLab(t)
	m := l.open()
	if err := m.SetPorts([]Port{{Number: 1, Index: 1}, {Number: 1, Index: 2}}); !errors.Is(err, ErrPorts) {
		t.Errorf("SetPorts with one number twice: %v, want %v", err, ErrPorts)
	}
	l.awaitState(m, addr("192.0.2.1"), Reachable) // the ports are what they were
	must(t, m.Close())
	if err := m.SetPorts(l.ports); !errors.Is(err, net.ErrClosed) {
		t.Errorf("SetPorts after Close: %v, want %v", err, net.ErrClosed)
	}
}

// TestPortMovesToLivingInterface: what was asked for on the old one is taken
// back, and what the kernel knows on the new one is known at once.
func TestPortMovesToLivingInterface(t *testing.T) {
	l := newLab(t)
	m := l.open()
	m.Keep(m.Route(addr("192.0.2.1")))
	l.awaitState(m, addr("192.0.2.1"), Reachable)
	must(t, netlink.NeighSet(&netlink.Neigh{
		LinkIndex: l.link("other").Attrs().Index, Family: unix.AF_INET, State: netlink.NUD_PERMANENT,
		IP: addr("203.0.113.1").Netip().AsSlice(), HardwareAddr: theirMAC[:],
	}))
	l.ports[0] = l.port(in, "other")
	must(t, m.SetPorts(l.ports))
	if h := m.Hop(m.Route(addr("203.0.113.1"))); h.State != Reachable || h.Dst != theirMAC || h.Port != in {
		t.Errorf("through the new interface: %+v", *h)
	}
	if got := m.Hop(m.Route(addr("192.0.2.1"))).State; got != Foreign {
		t.Errorf("through the old interface: %v, want foreign", got)
	}
	if k, ok := l.kernel("in", "192.0.2.1"); !ok || k.FlagsExt&netlink.NTF_EXT_MANAGED != 0 {
		t.Errorf("neighbour of the old interface: %+v, want it as an ordinary one", k)
	}
}

func TestLinkEvents(t *testing.T) {
	l := newLab(t)
	var told log
	m := l.openWith(told.options())
	index := l.link("in").Attrs().Index
	steps := []struct{ name, ip, want string }{
		{"down", "link set in down", fmt.Sprintf("changed %d", in)},
		{"renamed", "link set in name wan", fmt.Sprintf("appeared wan %d", index)},
		{"up", "link set wan up", fmt.Sprintf("changed %d", in)},
		{"MTU", "link set wan mtu 1400", fmt.Sprintf("changed %d", in)},
		{"MAC of the other", "link set out address 02:00:00:00:00:09", fmt.Sprintf("changed %d", out)},
	}
	for _, s := range steps {
		told.clear()
		l.ip(s.ip)
		l.eventually(s.name, func() bool { return told.has(s.want) })
	}
	l.awaitState(m, addr("192.0.2.1"), Reachable)
	if got := m.Link(in); got.Name != "wan" || got.MTU != 1400 {
		t.Errorf("Link(in) = %+v, want wan, 1400", got)
	}
	told.clear()
	l.ip("link add new type bridge")
	l.eventually("a new one", func() bool { return told.has(fmt.Sprintf("appeared new %d", l.link("new").Attrs().Index)) })
	if told.has(fmt.Sprintf("changed %d", in)) {
		t.Error("told of a port that did not change")
	}
}

// TestVirtualDevices has a bridge, a macvlan and a tun as ports, and a bridge
// that is none but has a port as its member.
func TestVirtualDevices(t *testing.T) {
	l := newLab(t)
	l.ip("link add br0 type bridge")
	l.ip("link set other master br0")
	l.ip("addr flush dev other")
	l.ip("addr add 203.0.113.9/24 dev br0")
	l.ip("link set br0 up")
	l.ip("link add mv link out type macvlan mode bridge")
	l.ip("addr add 198.51.100.10/32 dev mv")
	l.ip("link set mv up")
	l.ip("route add 198.51.100.1/32 dev mv src 198.51.100.10")
	l.ip("tuntap add tun0 mode tun")
	l.ip("addr add 192.0.2.129/30 dev tun0")
	l.ip("link set tun0 up mtu 1420")
	l.ip("-6 route add 2001:db8:7::/48 dev tun0")

	tun := l.port(9, "tun0")
	tun.NoEthernet = true
	l.ports = []Port{l.port(in, "br0"), l.port(out, "mv"), tun}
	m := l.open()
	if h := l.awaitState(m, addr("203.0.113.1"), Reachable); h.Port != in || h.Dst != l.theirMAC("other") {
		t.Errorf("through the bridge: %+v", *h)
	}
	if h := l.awaitState(m, addr("198.51.100.1"), Reachable); h.Port != out || h.Dst != l.theirMAC("out") || h.Source != addr("198.51.100.10") {
		t.Errorf("through the macvlan: %+v", *h)
	}
	want := Hop{Port: 9, State: Reachable, Raw: true, MTU: 1420, Source: addr("192.0.2.129")}
	if got := *m.Hop(m.Route(addr("192.0.2.130"))); got != want {
		t.Errorf("through the tun: %+v, want %+v", got, want)
	}
	if h := m.Hop(m.Route(addr("2001:db8:7::1"))); !h.Raw || h.State != Reachable {
		t.Errorf("IPv6 through the tun: %+v", *h)
	}

	l.ports[0] = l.port(in, "other")
	must(t, m.SetPorts(l.ports))
	if got := m.Hop(m.Route(addr("203.0.113.1"))).State; got != Foreign {
		t.Errorf("through a bridge with a port as member: %v, want foreign", got)
	}
}
