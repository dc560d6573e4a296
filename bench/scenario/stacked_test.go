package scenario

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
	"xlvs/config"
)

// raiseBridge is a simple site whose real servers are containers on the
// director's host, with the host's end of each one's wire in a bridge:
//
//	client 198.51.100.7 ── 198.51.100.1 director 192.0.2.1 on br0 ──┬─ veth1 ── rs1 192.0.2.11
//	                                                               └─ veth2 ── rs2 192.0.2.12
func raiseBridge(t *testing.T) *site {
	t.Helper()
	s, l := raiseBare(t)
	must(t, l.Wire(s.Client, "eth0", s.Director, "eth0", lab.WireOptions{}))
	ip(t, s.Director, "link", "add", "br0", "type", "bridge")
	ip(t, s.Director, "link", "set", "br0", "up")
	for i, dev := range []string{"veth1", "veth2"} {
		must(t, l.Wire(s.Director, dev, s.Real[i], "eth0", lab.WireOptions{}))
		ip(t, s.Director, "link", "set", dev, "master", "br0")
	}
	s.addAddresses(t, "br0")
	return s
}

// raiseMacvlan is a simple site whose director is a container with a macvlan on
// its node's end of the client's wire.
func raiseMacvlan(t *testing.T) *site {
	t.Helper()
	s, l := raiseBare(t)
	node, err := l.Host("node")
	must(t, err)
	must(t, l.Wire(s.Client, "eth0", node, "eth0", lab.WireOptions{}))
	ip(t, node, "link", "add", "link", "eth0", "name", "macvlan0", "type", "macvlan", "mode", "bridge")
	ip(t, node, "link", "set", "macvlan0", "netns", s.Director.Name(), "name", "eth0")
	ip(t, s.Director, "link", "set", "eth0", "up")
	s.Switch, err = l.Switch("switch")
	must(t, err)
	must(t, s.Switch.Plug(s.Director, "eth1", lab.WireOptions{}))
	for _, rs := range s.Real {
		must(t, s.Switch.Plug(rs, "eth0", lab.WireOptions{}))
	}
	s.addAddresses(t, "eth1")
	return s
}

// raiseBare is the hosts of a simple site, not connected.
func raiseBare(t *testing.T) (*site, *lab.Lab) {
	t.Helper()
	l := labtest.New(t)
	host := func(name string) *lab.Host {
		h, err := l.Host(name)
		must(t, err)
		return h
	}
	top := &lab.Topology{
		Client: host("client"), Director: host("director"), Real: []*lab.Host{host("rs1"), host("rs2")},
		VIP: parse("198.51.100.1"), VIP6: parse("2001:db8:1::1"), Public: parse("198.51.100.1"),
	}
	return &site{Topology: top, deployment: simple}, l
}

// addAddresses gives the hosts the addresses and routes of a simple site, where
// inside is the director's device towards the real servers.
func (s *site) addAddresses(t *testing.T, inside string) {
	t.Helper()
	must(t, s.Client.AddAddr("eth0", "198.51.100.7/24", "2001:db8:1::7/64"))
	must(t, s.Director.AddAddr("eth0", "198.51.100.1/24", "2001:db8:1::1/64"))
	must(t, s.Director.AddAddr(inside, "192.0.2.1/24", "2001:db8:2::1/64"))
	for i, rs := range s.Real {
		must(t, rs.AddAddr("eth0", s.v4.reals[i]+"/24", s.v6.reals[i]+"/64"))
		must(t, rs.Route("default", "192.0.2.1"))
		must(t, rs.Route("default", "2001:db8:2::1"))
	}
}

// Interfaces on top of others are driven in packet mode: a bridge with containers,
// a macvlan. Large files pass whole, in super-frames.
func TestStackedInterfaces(t *testing.T) {
	tests := map[string]struct {
		raise      func(*testing.T) *site
		interfaces []string
		stacked    string
	}{
		"bridge":            {raiseBridge, []string{"eth0", "br0"}, "br0"},
		"bridge, not named": {raiseBridge, nil, "br0"},
		"macvlan":           {raiseMacvlan, []string{"eth0", "eth1"}, "eth0"},
	}
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 50<<20)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.raise(t)
			serveWeb(t, s.Real[1], "rs2", s.port)
			files := serveFile(t, s, file)
			c := s.web(config.Auto)
			c.Dataplane.Interfaces = tt.interfaces
			d := direct(t, s, c)
			if d.line("driving interface", "name="+tt.stacked, "mode=packet") == "" {
				t.Errorf("%s is not driven in packet mode", tt.stacked)
			}
			for _, f := range s.families() {
				checkTurns(t, s, f, 10)
			}
			d.reload(s.onlyFirstOf(c))
			for _, f := range s.families() {
				checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			}
		})
	}
}

// onlyFirstOf is c with the first real server alone.
func (s *site) onlyFirstOf(c *config.Config) *config.Config {
	only := s.onlyFirst(c.Dataplane.Mode)
	only.Dataplane = c.Dataplane
	return only
}

// A bridge takes the frames of its members before the director could have them.
func TestBridgeMemberIsRefused(t *testing.T) {
	t.Parallel()
	s := raiseBridge(t)
	for _, mode := range []config.Mode{config.Auto, config.XDP, config.Packet} {
		c := s.web(mode)
		c.Dataplane.Interfaces = []string{"eth0", "veth1"}
		path := filepath.Join(t.TempDir(), "xlvs.toml")
		d := &director{t: t, path: path}
		d.write(c)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		out, err := s.Director.Run(ctx, os.Getenv(binaryKey), "run", "-c", path)
		cancel()
		if err == nil || !strings.Contains(string(out), "veth1") || !strings.Contains(string(out), "bridge") {
			t.Errorf("mode %s: %v, and the director says %q, want that veth1 belongs to a bridge", mode, err, out)
		}
	}
}
