package dataplane

import (
	"net"
	"testing"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// The address of a mark's rules is the director's to speak for until the trash is
// empty, when its service is gone: not until the next configuration.
func TestAddressOfARemovedMark(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	d := newPair(t)
	d.door, d.ports, d.router.locals = openDoor(t), make([]port, 2), nil
	d.warn = func(err error) { t.Error(err) }
	c := webConfig(ipv4)
	d.configure(t, c)
	d.forwarded(t, syn4(1))
	checkRouted(t, d, true)
	without := testConfig()
	without.Marks = c.Marks
	d.configure(t, without)
	checkRouted(t, d, true) // it has a connection
	if v := d.verdict(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "")); v != DestinationGone {
		t.Errorf("verdict = %v, want %v", v, DestinationGone)
	}
	d.wait(600)
	if d.discarded() != 0 {
		t.Fatalf("%d real servers are in the trash", d.discarded())
	}
	checkRouted(t, d, false)
}

// checkRouted checks whether the host's own clients find the VIP by the door.
func checkRouted(t *testing.T, d *testDirector, want bool) {
	t.Helper()
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4,
		&netlink.Route{Dst: &net.IPNet{IP: net.ParseIP(vip4).To4(), Mask: net.CIDRMask(32, 32)}}, netlink.RT_FILTER_DST)
	must(t, err)
	if d.routed[addr(vip4)] != want || (len(routes) == 1) != want {
		t.Errorf("routed = %v, the host has %v, want the VIP among them: %t", d.routed, routes, want)
	}
}
