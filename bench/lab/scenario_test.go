package lab_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
)

// raise builds a topology.
func raise(t *testing.T, build func(*lab.Lab, lab.WireOptions) (*lab.Topology, error)) *lab.Topology {
	t.Helper()
	top, err := build(labtest.New(t), lab.WireOptions{})
	must(t, err)
	return top
}

// visit has from dial address, and checks which address it is seen with.
func visit(t *testing.T, from *lab.Host, address, want string) {
	t.Helper()
	if got := seenFrom(t, from, address); got != want {
		t.Errorf("%s at %s is seen as %q, want %q", from.Name(), address, got, want)
	}
}

// service returns addr with port 80.
func service(addr netip.Addr) string { return netip.AddrPortFrom(addr, 80).String() }

func TestSimple(t *testing.T) {
	top := raise(t, lab.Simple)
	serve(t, top.Director, ":80")
	visit(t, top.Client, service(top.VIP), "198.51.100.7")
	visit(t, top.Client, service(top.VIP6), "2001:db8:1::7")
	for i, want := range []string{"192.0.2.11", "192.0.2.12"} {
		visit(t, top.Real[i], service(top.VIP), want) // by the default route
	}
	visit(t, top.Real[1], service(top.VIP6), "2001:db8:2::12")
}

func TestS1(t *testing.T) {
	top := raise(t, lab.S1)
	serve(t, top.Director, ":80")
	visit(t, top.Client, service(top.Public), "192.168.56.1")
	visit(t, top.Client, service(top.VIP6), "2001:db8:1:56::1")

	// Real servers reach outside, behind the director's address.
	serve(t, top.Client, ":7000")
	for _, rs := range top.Real {
		visit(t, rs, "192.168.56.1:7000", "192.168.56.128")
		visit(t, rs, "[2001:db8:1:56::1]:7000", "2001:db8:1:56::128")
	}
}

func TestS2(t *testing.T) {
	top := raise(t, lab.S2)
	serve(t, top.Director, ":80")
	visit(t, top.Client, service(top.Public), "1.0.0.1")
	visit(t, top.Client, service(top.VIP6), "2001:db8:2:10::7")

	serve(t, top.Router, ":7000")
	if len(top.Real) != 3 {
		t.Fatalf("%d real servers, want 3", len(top.Real))
	}
	atRouter, err := top.Router.Capture("eth1")
	must(t, err)
	for _, rs := range top.Real {
		visit(t, rs, "1.0.0.1:7000", "1.0.0.2")
	}
	checkTTL(t, atRouter, 64-2) // by way of the director and the firewall
	visit(t, top.Real[2], "[2001:db8:2::1]:7000", "2001:db8:2:80::13")

	serve(t, top.Real[0], ":8080")
	visit(t, top.Director, "192.168.80.11:8080", "192.168.80.10")
}

// checkTTL checks the TTL of each TCP packet over IPv4 that c received.
func checkTTL(t *testing.T, c *lab.Capture, want byte) {
	t.Helper()
	frames, err := c.Frames()
	must(t, err)
	n := 0
	for _, f := range frames {
		if f.Outgoing || len(f.Data) < 34 || f.Data[12] != 8 || f.Data[13] != 0 || f.Data[23] != 6 {
			continue
		}
		n++
		if ttl := f.Data[22]; ttl != want {
			t.Errorf("received with TTL %d, want %d: % x", ttl, want, f.Data)
		}
	}
	if n == 0 {
		t.Error("captured no TCP packet")
	}
}

func TestS3(t *testing.T) {
	top := raise(t, lab.S3)
	captures := watch(t, top.Real)
	serve(t, top.Director, ":80")
	visit(t, top.Client, service(top.Public), "1.0.0.1")
	visit(t, top.Client, service(top.VIP6), "2001:db8:3:10::7")
	checkSilence(t, top, captures)

	serve(t, top.Router, ":7000")
	for _, rs := range top.Real {
		visit(t, rs, "1.0.0.1:7000", "1.0.0.2")
		serve(t, rs, ":80")
		visit(t, rs, service(top.VIP), top.VIP.String()) // its own, on lo
	}
}

func TestS3b(t *testing.T) {
	top := raise(t, lab.S3b)
	captures := watch(t, append(top.Real, top.Standby))
	serve(t, top.Director, ":80")
	visit(t, top.Client, service(top.Public), "192.168.147.1")
	visit(t, top.Client, service(top.VIP6), "2001:db8:3:147::1")
	checkSilence(t, top, captures)
}

// watch captures on eth0 of each host.
func watch(t *testing.T, hosts []*lab.Host) (captures []*lab.Capture) {
	t.Helper()
	for _, h := range hosts {
		c, err := h.Capture("eth0")
		must(t, err)
		captures = append(captures, c)
	}
	return captures
}

// checkSilence checks that each capture heard the question who has the VIP,
// and that nobody there said that he has.
func checkSilence(t *testing.T, top *lab.Topology, captures []*lab.Capture) {
	t.Helper()
	for i, c := range captures {
		frames, err := c.Frames()
		must(t, err)
		asked := false
		for _, f := range frames {
			op, sender, target := arp(f.Data)
			asked = asked || !f.Outgoing && op == 1 && target == top.VIP
			if f.Outgoing && sender == top.VIP {
				t.Errorf("host %d speaks ARP for the VIP: % x", i, f.Data)
			}
			if f.Outgoing && isAdvertisement(f.Data, top.VIP6) {
				t.Errorf("host %d advertises the VIP: % x", i, f.Data)
			}
		}
		if !asked {
			t.Errorf("host %d never heard the ARP request for %v", i, top.VIP)
		}
	}
}

// arp returns an ARP frame's operation and addresses (RFC 826), zero if b is
// something else.
func arp(b []byte) (op uint16, sender, target netip.Addr) {
	if len(b) < 42 || binary.BigEndian.Uint16(b[12:]) != 0x0806 {
		return 0, sender, target
	}
	sender, _ = netip.AddrFromSlice(b[28:32])
	target, _ = netip.AddrFromSlice(b[38:42])
	return binary.BigEndian.Uint16(b[20:]), sender, target
}

// isAdvertisement reports whether b advertises target (RFC 4861, section 4.4).
func isAdvertisement(b []byte, target netip.Addr) bool {
	const advertisement = 136
	return len(b) >= 78 && binary.BigEndian.Uint16(b[12:]) == 0x86dd && b[54] == advertisement &&
		bytes.Equal(b[62:78], net.IP(target.AsSlice()))
}
