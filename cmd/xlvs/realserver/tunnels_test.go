package realserver

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/dataplane/header"
)

// tunnelTypes are all that a director may send, over both families.
func tunnelTypes() map[string]struct {
	networks [2]string // for IPv4 and IPv6 inside
	rip      string
	wrap     func([]byte) []byte
} {
	type tunnel = struct {
		networks [2]string
		rip      string
		wrap     func([]byte) []byte
	}
	return map[string]tunnel{
		"ipip over IPv4":              {[2]string{"ip4:4", "ip4:41"}, rip4, bare},
		"ipip over IPv6":              {[2]string{"ip6:4", "ip6:41"}, rip6, bare},
		"gre over IPv4":               {[2]string{"ip4:47", "ip4:47"}, rip4, gre},
		"gre over IPv6":               {[2]string{"ip6:47", "ip6:47"}, rip6, gre},
		"gre with checksum over IPv4": {[2]string{"ip4:47", "ip4:47"}, rip4, greWithChecksum},
		"gre with checksum over IPv6": {[2]string{"ip6:47", "ip6:47"}, rip6, greWithChecksum},
		"gue over IPv4":               {[2]string{"udp4", "udp4"}, rip4 + ":6080", gue},
		"gue over IPv6":               {[2]string{"udp6", "udp6"}, "[" + rip6 + "]:6080", gue},
	}
}

// Clients' packets arrive through every type of tunnel, also when they are as
// long as the link's own, so that the outer ones are fragments.
func TestTunnels(t *testing.T) {
	s := raise(t)
	s.serve(t)
	before := s.settings(t)
	p := s.start(t, "--vip", vip4, "--vip", vip6, "--method", "tun", "--tun-type", "all", "--user-space", "always")
	d := s.direct(t)
	capture, err := s.client.Capture("eth0")
	must(t, err)
	for name, tt := range tunnelTypes() {
		t.Run(name, func(t *testing.T) {
			d.use(t, s, tt.networks, tt.rip, tt.wrap)
			s.upload(t, vip4, 100_000)
			s.upload(t, vip6, 100_000)
		})
	}
	expectFragments(t, capture)
	end(t, p)
	if out := string(p.Output()); !strings.Contains(out, " packets taken out of tunnels, 0 refused\n") {
		t.Errorf("at its end it says\n%s\nwant that no packet was refused", out)
	}
	s.expectSettings(t, before)
}

// patientGRO has eth0 wait for more packets of a connection. What /sys shows is
// that of the namespace in which it was mounted.
const patientGRO = `mount -t sysfs sys /sys && cd /sys/class/net/eth0 &&
echo 1000000 > gro_flush_timeout && echo 1 > napi_defer_hard_irqs`

// The kernel of the real server puts the packets of a connection together before
// they are taken out of their tunnel.
func TestTunnelsOfMergedPackets(t *testing.T) {
	s := raise(t)
	s.serve(t)
	do(t, s.client, "ethtool", "-K", "eth0", "tso", "off") // a veth merges nothing for a sender that has
	do(t, s.real, "ethtool", "-K", "eth0", "gro", "on")
	do(t, s.real, "unshare", "-m", "sh", "-c", patientGRO)
	s.start(t, "--vip", vip4, "--vip", vip6, "--method", "tun", "--tun-type", "all")
	d := s.direct(t)
	c, err := s.real.Capture("eth0") // behind the merging
	must(t, err)
	do(t, s.client, "ip", "link", "set", "vip0", "mtu", "1400") // no outer fragments, which are not merged
	for name, tt := range tunnelTypes() {
		t.Run(name, func(t *testing.T) {
			d.use(t, s, tt.networks, tt.rip, tt.wrap)
			s.upload(t, vip4, 1_000_000)
			s.upload(t, vip6, 1_000_000)
		})
	}
	frames, err := c.Frames()
	must(t, err)
	if !slices.ContainsFunc(frames, func(f lab.Frame) bool { return !f.Outgoing && len(f.Data) > 1514 }) {
		t.Error("no packets were merged: the test shows nothing of them")
	}
}

// expectFragments checks that the director sent fragments, and that the real
// server's kernel did not complain of a protocol that it does not know.
func expectFragments(t *testing.T, c *lab.Capture) {
	t.Helper()
	frames, err := c.Frames()
	must(t, err)
	fragments := 0
	for _, f := range frames {
		etherType, at, _ := header.Network(f.Data)
		switch b := f.Data[at:]; etherType {
		case header.TypeIPv4:
			h, ok := header.ParseIPv4(b)
			if ok && h.IsFragment() {
				fragments++
			}
			if ok && h.Proto() == header.ProtoICMP {
				t.Errorf("ICMP of IPv4: % x", b)
			}
		case header.TypeIPv6:
			h, ok := header.ParseIPv6(b)
			if l4, _ := h.Transport(); ok && l4.Proto == header.ProtoICMPv6 && h[l4.Offset] < 128 {
				t.Errorf("ICMPv6 error: % x", b)
			}
		}
	}
	if fragments == 0 {
		t.Error("no fragment was sent: the test shows nothing of them")
	}
}

// What is in a tunnel but not for a virtual address does not reach the host.
func TestTunnelsRefuse(t *testing.T) {
	s := raise(t)
	s.serve(t)
	p := s.start(t, "--vip", vip4, "--method", "tun", "--tun-type", "all", "--user-space", "always")
	d := s.direct(t)
	d.use(t, s, [2]string{"ip4:4", "ip4:4"}, rip4, bare)
	do(t, s.client, "ip", "route", "add", "198.51.100.11", "dev", "vip0", "src", cip4)
	if out, err := s.client.Run(t.Context(), "curl", "-sS", "--max-time", "0.3", "http://198.51.100.11/"); err == nil {
		t.Errorf("the tunnel leads behind the packet filter: %s", out)
	}
	end(t, p)
	if out := string(p.Output()); !strings.Contains(out, "0 packets taken out of tunnels, ") || strings.Contains(out, ", 0 refused") {
		t.Errorf("at its end it says\n%s\nwant that packets were refused", out)
	}
}

// A device that somebody removes is no way to the host any more: the process
// ends with an error, and undoes what it can.
func TestTunnelsWithoutTheirDevice(t *testing.T) {
	s := raise(t)
	before := s.settings(t)
	p := s.start(t, "--vip", vip4, "--method", "tun", "--user-space", "always")
	d := s.direct(t)
	d.use(t, s, [2]string{"ip4:4", "ip4:41"}, rip4, bare)
	do(t, s.real, "ip", "link", "del", tunName)
	_, _ = s.client.Run(t.Context(), "curl", "-sS", "--max-time", "0.3", "http://"+vip4+"/")
	if err := p.Wait(); err == nil || !bytes.Contains(p.Output(), []byte("the device is gone: ")) {
		t.Errorf("xlvs realserver: %v\n%s\nwant that the device is gone", err, p.Output())
	}
	s.expectSettings(t, before)
}
