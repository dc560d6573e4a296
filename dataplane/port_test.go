package dataplane

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"xlvs/config"
)

// addLink makes a device that is up.
func addLink(t *testing.T, l netlink.Link) {
	t.Helper()
	must(t, netlink.LinkAdd(l))
	must(t, netlink.LinkSetUp(linkNamed(t, l.Attrs().Name)))
}

func named(name string) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Name = name
	return a
}

// addZoo makes one of every kind of interface:
//
//	eth0, eth0-far    a wire
//	down              a wire that is not up
//	br0 ── member     a bridge, and a wire of which one end belongs to it
//	mac0              a macvlan on eth0
//	tun0              a link without Ethernet
func addZoo(t *testing.T) {
	t.Helper()
	addWire(t, "eth0", 3)
	addWire(t, "down", 1)
	must(t, netlink.LinkSetDown(linkNamed(t, "down")))
	must(t, netlink.LinkSetDown(linkNamed(t, "down-far")))
	addLink(t, &netlink.Bridge{LinkAttrs: named("br0")})
	addWire(t, "member", 1)
	must(t, netlink.LinkSetMaster(linkNamed(t, "member"), linkNamed(t, "br0")))
	mac0 := named("mac0")
	mac0.ParentIndex = linkNamed(t, "eth0").Attrs().Index
	addLink(t, &netlink.Macvlan{LinkAttrs: mac0})
	addLink(t, &netlink.Tuntap{LinkAttrs: named("tun0"), Mode: netlink.TUNTAP_MODE_TUN})
	must(t, netlink.LinkSetUp(linkNamed(t, "lo")))
}

// A subtest would be on another thread, outside the namespace, so these tests
// loop.
func TestFindPorts(t *testing.T) {
	ownNamespace(t)
	addZoo(t)
	c := config.Dataplane{Mode: config.Auto, Prefer: config.PPS}
	c.Interface = map[string]config.InterfaceSettings{"eth0-far": {Mode: config.Packet}}
	tests := map[string]struct {
		name   string
		kind   string
		mode   config.Mode
		queues int
	}{
		"veth with queues":        {"eth0", "veth", config.XDP, 3},
		"with settings of itself": {"eth0-far", "veth", config.Packet, 3},
		"bridge":                  {"br0", "bridge", config.Packet, 1},
		"macvlan":                 {"mac0", "macvlan", config.Packet, 1},
		"that is down":            {"down", "veth", config.XDP, 1},
		"without Ethernet":        {"tun0", "tuntap", config.Packet, 1},
	}
	for what, tt := range tests {
		c.Interfaces = []string{"eth0", tt.name}
		ports, err := findPorts(c)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		p := ports[1]
		if p.Number != 1 || p.Name != tt.name || p.Index != linkNamed(t, tt.name).Attrs().Index || p.mtu != linkNamed(t, tt.name).Attrs().MTU {
			t.Errorf("%s: port is %+v", what, p)
		}
		if p.kind != tt.kind || p.mode != tt.mode || p.queues != tt.queues || p.NoEthernet != (tt.name == "tun0") {
			t.Errorf("%s: port is %+v, want kind %s, mode %s, %d queues", what, p, tt.kind, tt.mode, tt.queues)
		}
	}
}

func TestFindPortsThatAreNone(t *testing.T) {
	ownNamespace(t)
	addZoo(t)
	tests := map[string]struct {
		names []string
		says  string
		is    error
	}{
		"loopback":          {[]string{"lo"}, "interface lo: ", ErrNotEthernet},
		"no such interface": {[]string{"eth9"}, "interface eth9: ", ErrNoInterface},
		"bridge member":     {[]string{"member"}, "name that one instead", nil},
		"one of several":    {[]string{"eth0", "lo", "br0"}, "interface lo: ", ErrNotEthernet},
		"two of several":    {[]string{"eth9", "eth0", "member"}, "interface member: ", ErrNoInterface},
	}
	for what, tt := range tests {
		_, err := findPorts(config.Dataplane{Mode: config.Auto, Interfaces: tt.names})
		if err == nil || !strings.Contains(err.Error(), tt.says) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: findPorts() = %v, want %q and %v", what, err, tt.says, tt.is)
		}
		if err != nil && strings.Contains(err.Error(), "eth0") {
			t.Errorf("%s: findPorts() blames eth0: %v", what, err)
		}
	}
}

// Without names it is all that are up and can be had, each once.
func TestFindPortsWithoutNames(t *testing.T) {
	ownNamespace(t)
	c := config.Dataplane{Mode: config.Auto}
	if ports, err := findPorts(c); err == nil {
		t.Errorf("with lo alone: ports %+v, want an error", ports)
	}
	addZoo(t)
	ports, err := findPorts(c)
	must(t, err)
	var names []string
	for i, p := range ports {
		if int(p.Number) != i {
			t.Errorf("port %s has number %d, want %d", p.Name, p.Number, i)
		}
		names = append(names, p.Name)
	}
	slices.Sort(names)
	if want := []string{"br0", "eth0", "eth0-far", "mac0", "member-far"}; !slices.Equal(names, want) {
		t.Errorf("ports are %v, want %v", names, want)
	}
}

func TestReceiveQueues(t *testing.T) {
	ownNamespace(t)
	addWire(t, "one", 1)
	addWire(t, "eight", 8)
	addLink(t, &netlink.Bridge{LinkAttrs: named("br0")})
	for name, want := range map[string]int{"one": 1, "eight": 8, "eight-far": 8, "br0": 1, "lo": 1} {
		if n, err := receiveQueues(name); n != want || err != nil {
			t.Errorf("receiveQueues(%s) = %d, %v, want %d", name, n, err, want)
		}
	}
	for _, name := range []string{"nothing", "", strings.Repeat("long", 100)} {
		if n, err := receiveQueues(name); err == nil {
			t.Errorf("receiveQueues(%q) = %d, want an error", name, n)
		}
	}
}
