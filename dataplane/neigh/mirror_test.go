package neigh

import (
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

func TestOpenRefusesPorts(t *testing.T) {
	l := newLab(t)
	l.ports[1].Number = l.ports[0].Number
	if _, err := Open(l.ports, Options{}); !errors.Is(err, ErrPorts) {
		t.Errorf("Open with one number twice: %v, want %v", err, ErrPorts)
	}
	if _, err := Open([]Port{{Number: 1, Index: 9999, Name: "absent"}}, Options{}); err == nil {
		t.Error("Open with an interface that is not there: no error")
	}
}

func TestResolveNeighbours(t *testing.T) {
	l := newLab(t)
	l.routes("203.0.113.128/25 via 192.0.2.1", "2001:db8:9::/48 via 2001:db8:1::1")
	m := l.open()
	tests := map[string]struct {
		dst, gateway, source string
		port                 uint16
	}{
		"IPv4 on link":    {"192.0.2.1", "192.0.2.1", "192.0.2.9", in},
		"IPv6 on link":    {"2001:db8::1", "2001:db8::1", "2001:db8::9", in},
		"IPv4 by gateway": {"203.0.113.200", "192.0.2.1", "192.0.2.9", in},
		"IPv6 by gateway": {"2001:db8:9::5", "2001:db8:1::1", "2001:db8:1::9", out},
	}
	for name, tt := range tests {
		got := *l.awaitState(m, addr(tt.dst), Reachable)
		port := l.ports[slices.IndexFunc(l.ports, func(p Port) bool { return p.Number == tt.port })]
		want := Hop{
			Port: tt.port, State: Reachable, MTU: 1500, Gateway: addr(tt.gateway), Source: addr(tt.source),
			Src: header.MAC(l.link(port.Name).Attrs().HardwareAddr), Dst: l.theirMAC(port.Name),
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	select {
	case <-l.notified:
	default:
		t.Error("Notify was not called")
	}
}

func TestUnansweredNeighbourFails(t *testing.T) {
	l := newLab(t)
	m := l.open()
	for _, dst := range []string{"192.0.2.77", "2001:db8::77"} {
		id := m.Route(addr(dst))
		if got := m.Hop(id).State; got != Pending {
			t.Errorf("%s before it is asked for: %v, want pending", dst, got)
		}
		l.awaitState(m, addr(dst), Failed)
		<-l.notified
	}
	// The one that was away comes back, and is found without ceremony.
	a, err := netlink.ParseAddr("192.0.2.77/24")
	must(t, err)
	peer, err := l.peers.LinkByName("in")
	must(t, err)
	must(t, l.peers.AddrAdd(peer, a))
	l.awaitState(m, addr("192.0.2.77"), Reachable)
}

func TestKeepLeavesNothingBehind(t *testing.T) {
	l := newLab(t)
	l.routes("203.0.113.128/25 via 198.51.100.1")
	m := l.open()
	m.Keep(m.Route(addr("192.0.2.1")))
	m.Keep(m.Route(addr("192.0.2.77")))
	m.Route(addr("203.0.113.200"))
	managed := func(name, a string) bool {
		k, _ := l.kernel(name, a)
		return k.FlagsExt&netlink.NTF_EXT_MANAGED != 0
	}
	l.eventually("both real servers and the gateway managed", func() bool {
		return managed("in", "192.0.2.1") && managed("in", "192.0.2.77") && managed("out", "198.51.100.1")
	})
	l.awaitState(m, addr("192.0.2.1"), Reachable)
	l.awaitState(m, addr("203.0.113.200"), Reachable)
	l.awaitState(m, addr("192.0.2.77"), Failed)
	must(t, m.Close())
	if managed("in", "192.0.2.1") || managed("out", "198.51.100.1") {
		t.Error("still managed after Close")
	}
	if k, ok := l.kernel("in", "192.0.2.1"); !ok || k.State&usableStates == 0 {
		t.Errorf("the neighbour that answers is gone after Close: %+v", k)
	}
	if k, ok := l.kernel("in", "192.0.2.77"); ok && k.State&netlink.NUD_INCOMPLETE != 0 {
		t.Errorf("after Close the kernel still looks for 192.0.2.77: %+v", k)
	}
}

func TestKeepSparesPermanentNeighbour(t *testing.T) {
	l := newLab(t)
	must(t, netlink.NeighSet(&netlink.Neigh{
		LinkIndex: l.ports[0].Index, Family: unix.AF_INET, State: netlink.NUD_PERMANENT,
		IP: net.IPv4(192, 0, 2, 50), HardwareAddr: theirMAC[:],
	}))
	m := l.open()
	m.Keep(m.Route(addr("192.0.2.50")))
	l.eventually("request handled", func() bool {
		return !m.hops.entry(m.Route(addr("192.0.2.50")).number()).asking.Load()
	})
	if k, _ := l.kernel("in", "192.0.2.50"); k.State != netlink.NUD_PERMANENT {
		t.Errorf("state %#x, want permanent", k.State)
	}
}

func TestHopFollowsMACs(t *testing.T) {
	l := newLab(t)
	m := l.open()
	dst := addr("192.0.2.1")
	id := m.Route(dst)
	l.awaitState(m, dst, Reachable)
	must(t, netlink.NeighSet(&netlink.Neigh{
		LinkIndex: l.ports[0].Index, Family: unix.AF_INET, State: netlink.NUD_STALE,
		IP: dst.Netip().AsSlice(), HardwareAddr: theirMAC[:],
	}))
	l.eventually("the neighbour's new MAC", func() bool { return m.Hop(id).Dst == theirMAC })
	must(t, netlink.LinkSetHardwareAddr(l.link("in"), ourMAC[:]))
	l.eventually("our new MAC", func() bool { return m.Hop(id).Src == ourMAC })
	must(t, netlink.LinkSetMTU(l.link("in"), 1400))
	l.eventually("the new MTU", func() bool { return m.Hop(id).MTU == 1400 })
	if got := m.Link(in); got != (Link{Name: "in", MAC: ourMAC, MTU: 1400, Up: true}) {
		t.Errorf("Link(in) = %+v", got)
	}
	must(t, netlink.LinkSetDown(l.link("in")))
	l.eventually("link down", func() bool { return !m.Link(in).Up })
	l.eventually("routes gone", func() bool { return m.Hop(m.Route(dst)).State == Unroutable })
}

func TestLocals(t *testing.T) {
	l := newLab(t)
	m := l.open()
	vip, err := netlink.ParseAddr("203.0.113.80/32")
	must(t, err)
	must(t, netlink.AddrAdd(l.link("lo"), vip))
	<-l.locals
	own := []string{"127.0.0.1", "192.0.2.9", "2001:db8:1::9", "203.0.113.80", "::1"}
	for _, a := range own {
		if !m.IsLocal(addr(a)) || !slices.Contains(m.Locals(), addr(a)) {
			t.Errorf("%s is not local", a)
		}
		// The kernel adds the local route of an IPv6 address a moment later.
		l.eventually("local route to "+a, func() bool { return m.Hop(m.Route(addr(a))).State == Local })
	}
	must(t, netlink.AddrDel(l.link("lo"), vip))
	<-l.locals
	if m.IsLocal(addr("203.0.113.80")) || m.IsLocal(addr("192.0.2.1")) {
		t.Error("local, but no address of the host")
	}
}

func TestLostNotifications(t *testing.T) {
	l := newLab(t)
	m := l.open()
	must(t, m.news.SetReceiveBufferSize(1, false))
	m.mu.Lock() // listen hears at most one datagram now
	in := l.link("in").Attrs().Index
	for i := range 500 {
		dst := lvs.Addr4(0xcb007180 + uint32(i%100)).Netip().AsSlice()
		r := &netlink.Route{Dst: &net.IPNet{IP: dst, Mask: net.CIDRMask(32, 32)}, LinkIndex: in, Scope: netlink.SCOPE_LINK}
		must(t, netlink.RouteReplace(r))
	}
	must(t, netlink.NeighSet(&netlink.Neigh{
		LinkIndex: in, Family: unix.AF_INET, State: netlink.NUD_REACHABLE, IP: net.IPv4(203, 0, 113, 150), HardwareAddr: theirMAC[:],
	}))
	m.mu.Unlock()
	l.awaitState(m, addr("203.0.113.150"), Reachable)
}
