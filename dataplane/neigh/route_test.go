package neigh

import (
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	inside  = 7  // interface index of port 3
	outside = 99 // of an interface that is no port
)

func cidr(s string) *net.IPNet {
	_, n, err := net.ParseCIDR(s)
	if err != nil {
		panic(err)
	}
	return n
}

func TestNewRoute(t *testing.T) {
	gw, gw6 := net.ParseIP("192.0.2.1").To4(), net.ParseIP("fe80::1")
	two := func(flags ...int) []*netlink.NexthopInfo {
		return []*netlink.NexthopInfo{
			{LinkIndex: outside, Flags: flags[0]},
			{LinkIndex: inside, Gw: gw, Flags: flags[1]},
		}
	}
	forward := prefix("198.51.100.0/24")
	forward.port, forward.gateway, forward.table = 3, addr("192.0.2.1"), 1
	tests := map[string]struct {
		change func(k *netlink.Route)
		ok     bool
		want   func(r *route)
	}{
		"by gateway":      {func(k *netlink.Route) {}, true, func(r *route) {}},
		"on link":         {func(k *netlink.Route) { k.Gw = nil }, true, func(r *route) { r.gateway = addr("::") }},
		"IPv6 gateway":    {func(k *netlink.Route) { k.Gw, k.Via = nil, &netlink.Via{Addr: gw6} }, true, func(r *route) { r.gateway = addr("fe80::1") }},
		"metric, MTU":     {func(k *netlink.Route) { k.Priority, k.MTU = 5, 1400 }, true, func(r *route) { r.metric, r.mtu = 5, 1400 }},
		"source":          {func(k *netlink.Route) { k.Src = gw }, true, func(r *route) { r.source = addr("192.0.2.1") }},
		"default table":   {func(k *netlink.Route) { k.Table = 253 }, true, func(r *route) { r.table = 2 }},
		"unknown table":   {func(k *netlink.Route) { k.Table = 100 }, false, nil},
		"type of service": {func(k *netlink.Route) { k.Tos = 16 }, false, nil},
		"no destination":  {func(k *netlink.Route) { k.Dst = nil }, false, nil},
		"mapped in IPv6": {func(k *netlink.Route) {
			k.Family, k.Dst = unix.AF_INET6, &net.IPNet{IP: gw.To16(), Mask: net.CIDRMask(128, 128)}
		}, false, nil},
		"other interface":    {func(k *netlink.Route) { k.LinkIndex = outside }, true, func(r *route) { r.fate, r.port, r.gateway = foreign, 0, addr("::") }},
		"blackhole":          {func(k *netlink.Route) { k.Type = unix.RTN_BLACKHOLE }, true, func(r *route) { r.fate, r.port, r.gateway = unroutable, 0, addr("::") }},
		"throw":              {func(k *netlink.Route) { k.Type = unix.RTN_THROW }, true, func(r *route) { r.fate, r.port, r.gateway = throwOn, 0, addr("::") }},
		"local":              {func(k *netlink.Route) { k.Type = unix.RTN_LOCAL }, true, func(r *route) { r.fate, r.port, r.gateway = local, 0, addr("::") }},
		"first has no link":  {func(k *netlink.Route) { k.MultiPath = two(unix.RTNH_F_LINKDOWN, 0) }, true, func(r *route) {}},
		"first is dead":      {func(k *netlink.Route) { k.MultiPath = two(unix.RTNH_F_DEAD, unix.RTNH_F_LINKDOWN) }, true, func(r *route) {}},
		"both dead":          {func(k *netlink.Route) { k.MultiPath = two(unix.RTNH_F_DEAD, unix.RTNH_F_DEAD) }, false, nil},
		"both work":          {func(k *netlink.Route) { k.MultiPath = two(0, 0) }, true, func(r *route) { r.fate, r.port, r.gateway = foreign, 0, addr("::") }},
		"neither has a link": {func(k *netlink.Route) { k.MultiPath = two(unix.RTNH_F_LINKDOWN, unix.RTNH_F_LINKDOWN) }, true, func(r *route) { r.fate, r.port, r.gateway = foreign, 0, addr("::") }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := netlink.Route{Family: unix.AF_INET, Table: 254, Type: unix.RTN_UNICAST, Dst: cidr("198.51.100.0/24"), Gw: gw, LinkIndex: inside}
			tt.change(&k)
			got, ok := newRoute(&k, map[int]exit{inside: {port: 3}})
			if ok != tt.ok {
				t.Fatalf("newRoute(%v) ok = %t, want %t", k, ok, tt.ok)
			}
			if !ok {
				return
			}
			want := forward
			tt.want(&want)
			if want.gateway == addr("::") {
				want.gateway.Lo = 0
			}
			if got != want {
				t.Errorf("newRoute(%v) = %+v, want %+v", k, got, want)
			}
		})
	}
}

func TestSource(t *testing.T) {
	v := &view{facts: facts{addrs: []address{
		{addr("127.0.0.1"), 104, 1, linkOnly},
		{addr("203.0.113.9"), 120, 2, global},
		{addr("192.0.2.8"), 120, inside, deprecated},
		{addr("192.0.2.9"), 120, inside, global},
		{addr("198.51.100.9"), 120, inside, global},
		{addr("fe80::9"), 64, inside, linkOnly},
		{addr("2001:db8::8"), 64, inside, deprecated},
		{addr("2001:db8::9"), 64, inside, global},
	}}}
	tests := map[string]struct {
		index     int
		neighbour string
		v4, via   bool
		want      string
	}{
		"subnet of the neighbour":       {inside, "198.51.100.1", true, false, "198.51.100.9"},
		"first good one":                {inside, "203.0.113.1", true, false, "192.0.2.9"},
		"another interface's":           {outside, "192.0.2.1", true, false, "203.0.113.9"},
		"IPv4 by an IPv6 gateway":       {inside, "fe80::1", true, true, "192.0.2.9"},
		"IPv6":                          {inside, "2001:db8::1", false, false, "2001:db8::9"},
		"behind a link-local gateway":   {inside, "fe80::1", false, true, "2001:db8::9"},
		"a link-local address itself":   {inside, "fe80::1", false, false, "fe80::9"},
		"link-local on another link":    {2, "fe80::1", false, false, "2001:db8::9"},
		"other host's link-local alone": {outside, "2001:db8::1", false, false, "2001:db8::9"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := v.source(tt.index, addr(tt.neighbour), tt.v4, tt.via); got != addr(tt.want) {
				t.Errorf("source(%d, %s, %t, %t) = %v, want %s", tt.index, tt.neighbour, tt.v4, tt.via, got, tt.want)
			}
		})
	}
}
