package dataplane

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// openDoor opens the door of a testRig, to eth0 and eth1.
func openDoor(t *testing.T) *host.Door {
	t.Helper()
	var ports []host.Port
	for i, name := range []string{"eth0", "eth1"} {
		ports = append(ports, host.Port{Number: uint16(i), Index: linkNamed(t, name).Attrs().Index})
	}
	d, err := host.Open(ports, host.Options{Number: 2})
	if errors.Is(err, host.ErrNoTUN) && os.Getenv("XLVS_PRIVILEGED") != "1" {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// localClient connects a socket of the host to the VIP, which is found through
// the door alone.
func localClient(t *testing.T, d *host.Door) *net.UDPConn {
	t.Helper()
	a, err := netlink.ParseAddr(dip4 + "/24")
	must(t, err)
	must(t, netlink.AddrAdd(linkNamed(t, "eth1"), a))
	must(t, d.AddRoute(addr(vip4)))
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(vip4+":80")))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// TestLocalClientsThroughTheDoor takes what a socket of the host sends to either
// kind of port, and the answers, from whichever worker has them, to the socket.
func TestLocalClientsThroughTheDoor(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 2)
	addWire(t, "eth1", 2)
	door := openDoor(t)
	r := newTestRig(t, 2, door)
	if len(r.queues) != 2 {
		t.Fatalf("%d workers, want 2", len(r.queues))
	}
	client := localClient(t, door)
	for out := range uint16(2) {
		_, err := client.Write([]byte("who is there"))
		must(t, err)
		ps := arrive(t, r.queues[0], 1)
		want := bytes.Clone(ps[0].Bytes())
		if ps[0].In != 2 || !bytes.HasSuffix(want, []byte("who is there")) {
			t.Fatalf("came in by port %d: % x", ps[0].In, want)
		}
		ps[0].Out = out
		r.queues[0].Send(ps)
		if got, _ := r.far[out].recv(); !bytes.Equal(got, want) {
			t.Errorf("port %d sent % x, want % x", out, got, want)
		}
	}
	local := client.LocalAddr().String()
	for i, q := range r.queues {
		r.sendAnswer(t, q, door.MAC(), local)
		b := make([]byte, 100)
		n, err := client.Read(b)
		if must(t, err); string(b[:n]) != "it is me" {
			t.Errorf("worker %d: the client read %q", i, b[:n])
		}
		rests(t, q)
	}
}

// sendAnswer sends an answer of the VIP through the door, in a frame of q's.
func (r *testRig) sendAnswer(t *testing.T, q *queues, mac header.MAC, client string) {
	t.Helper()
	p := new(packet.Packet)
	frame := packettest.MACs(packettest.UDP(vip4+":80", client, "it is me"), mac, mac)
	if !q.rings.NewFrame(p, len(frame)) {
		t.Fatal("no frame")
	}
	copy(p.Grow(len(frame)), frame)
	p.In, p.Out = 0, 2
	q.Send([]*packet.Packet{p})
}

// TestDoorPacketsAreReleased has the host find nobody by the door and the rig
// drop what it sent.
func TestDoorPacketsAreReleased(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	door := openDoor(t)
	r := newTestRig(t, 1, door)
	client := localClient(t, door)
	for range 600 { // more than there are packets of the door
		_, err := client.Write([]byte("who is there"))
		must(t, err)
		r.queues[0].Release(arrive(t, r.queues[0], 1))
	}
	rests(t, r.queues[0])
}

// routesTo returns the VIPs that have a route by the door.
func routesTo(t *testing.T, d *host.Door) (vips []string) {
	t.Helper()
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{LinkIndex: d.Index()}, netlink.RT_FILTER_OIF)
	must(t, err)
	for _, r := range routes {
		if r.Protocol == unix.RTPROT_STATIC {
			vips = append(vips, strings.TrimSuffix(r.Dst.String(), "/32"))
		}
	}
	slices.Sort(vips)
	return vips
}

// TestRoutesFollowTheVIPs which the host does not hold.
func TestRoutesFollowTheVIPs(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	d := newTestDirector(t)
	d.door = openDoor(t)
	d.warn = func(err error) { t.Errorf("warned: %v", err) }
	other := testService(lvs.TCP, lvs.NAT, real4)
	other.VIP = netip.MustParseAddr("192.0.2.9")
	d.apply(t, testService(lvs.TCP, lvs.NAT, real4), testService(lvs.UDP, lvs.NAT, real4), other)
	steps := []struct {
		locals []lvs.Addr
		want   []string
	}{
		{[]lvs.Addr{addr(vip4)}, []string{"192.0.2.9"}},
		{nil, []string{vip4, "192.0.2.9"}},
		{nil, []string{vip4, "192.0.2.9"}},
		{[]lvs.Addr{addr(vip4), addr("192.0.2.9")}, nil},
		{[]lvs.Addr{addr("192.0.2.9")}, []string{vip4}},
	}
	for i, s := range steps {
		d.router.locals = s.locals
		d.followLocals()
		if got := routesTo(t, d.door); !slices.Equal(got, s.want) {
			t.Errorf("step %d: routes to %v, want %v", i, got, s.want)
		}
	}
	d.apply(t)
	if got := routesTo(t, d.door); got != nil {
		t.Errorf("without services: routes to %v", got)
	}
}
