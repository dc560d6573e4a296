package dataplane

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"xlvs/config"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestRunWhileAllChanges has everything that may happen to a running director
// happen at once, for the race detector; in the end it must still forward, and
// end.
func TestRunWhileAllChanges(t *testing.T) {
	if !ownProcess(t) {
		return
	}
	addWire(t, "eth0", 2)
	addNetwork(t, 1500)
	c := plainConfig(config.Auto)
	c.Dataplane.Prefer, c.Dataplane.Workers = config.PPS, 2
	c.Dataplane.Interface = map[string]config.InterfaceSettings{"eth0": {Mode: config.Packet}}
	d, err := Open(c, func(err error) { t.Log("warned:", err) })
	must(t, err)
	ended, cancel := running(t, d)
	far := newStation(t, "eth0-far")
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, f := range []func(i int){
		func(i int) { reload(t, d, c, i) },
		func(int) { look(t, d) },
		func(int) { d.wake(); d.linksChanged() },
		func(i int) { far.send(packettest.Frame(from(1000 + i%500))) },
	} {
		all.Go(func() { repeat(stop, f) })
	}
	changeLinks(t)
	close(stop)
	all.Wait()
	must(t, d.Apply(c))
	checkForwards(t, far)
	ports, err := d.Ports()
	must(t, err)
	if p := ports[1]; !p.Present || p.Mode != config.Packet || p.Why == "" {
		t.Errorf("eth1 is %+v, want it in packet mode, and why", p)
	}
	cancel()
	must(t, <-ended)
	must(t, d.Close())
	if s := d.Services(); s[0].Counters.InPkts == 0 {
		t.Errorf("services are %+v, want packets counted", s)
	}
}

// repeat calls f with the numbers from 0 until stop is closed.
func repeat(stop <-chan struct{}, f func(int)) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
			f(i)
		}
	}
}

// reload applies changing configurations.
func reload(t *testing.T, d *Director, c *config.Config, i int) {
	next := *c
	switch i % 3 {
	case 1:
		next.Services = nil
	case 2:
		next.Services = []config.Service{testService(lvs.UDP, lvs.NAT, real4, secondReal), testService(lvs.TCP, lvs.NAT, real4)}
	}
	if err := d.Apply(&next); err != nil {
		t.Errorf("Apply() = %v", err)
	}
}

// look reads all that can be read.
func look(t *testing.T, d *Director) {
	d.Services()
	d.Total()
	d.Verdicts()
	d.TakeSamples()
	d.ConnectionCount()
	for range d.Connections() {
	}
	if _, err := d.Ports(); err != nil {
		t.Errorf("Ports() = %v", err)
	}
}

// changeLinks does to eth1 what administrators and hypervisors do.
func changeLinks(t *testing.T) {
	t.Helper()
	local, err := netlink.ParseAddr(vip4 + "/32")
	must(t, err)
	for range 3 {
		must(t, netlink.LinkSetDown(linkNamed(t, "eth1")))
		must(t, netlink.LinkSetUp(linkNamed(t, "eth1")))
		must(t, netlink.AddrAdd(linkNamed(t, "eth0"), local)) // the VIP is held
		time.Sleep(30 * time.Millisecond)
		must(t, netlink.LinkDel(linkNamed(t, "eth1")))
		time.Sleep(30 * time.Millisecond)
		must(t, netlink.AddrDel(linkNamed(t, "eth0"), local))
		addNetwork(t, 1500)
		time.Sleep(30 * time.Millisecond)
	}
	// It comes back as one whose packets are too long for AF_XDP.
	must(t, netlink.LinkDel(linkNamed(t, "eth1")))
	addNetwork(t, jumboMTU+1)
}

// addNetwork makes eth1 and the way to the real server behind it.
func addNetwork(t *testing.T, mtu int) {
	t.Helper()
	addLongWire(t, "eth1", 2, mtu)
	eth1 := linkNamed(t, "eth1")
	a, err := netlink.ParseAddr(dip4 + "/24")
	must(t, err)
	must(t, netlink.AddrAdd(eth1, a))
	must(t, netlink.NeighSet(&netlink.Neigh{
		LinkIndex: eth1.Attrs().Index, IP: net.ParseIP(real4), HardwareAddr: realMAC[:], State: netlink.NUD_PERMANENT,
	}))
}

// from is what the client sends from a port.
func from(port int) []byte {
	return packettest.UDP(fmt.Sprint(client4, ":", port), vip4+":80", "who is there")
}

// checkForwards waits until a datagram from far arrives at the real server. It is
// a new connection each time: an old one may be a removed real server's.
func checkForwards(t *testing.T, far *station) {
	t.Helper()
	behind, port := newStation(t, "eth1-far"), 10000
	eventually(t, "a datagram is forwarded", func() bool {
		port++
		far.send(packettest.Frame(from(port)))
		for {
			frame, _, ok := behind.tryRecv()
			if !ok {
				return false
			}
			if [6]byte(frame) == [6]byte(realMAC) {
				return true
			}
		}
	})
}
