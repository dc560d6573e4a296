package scenario

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// narrow is the MTU of a link behind the director of which only the router before
// it knows.
const narrow = 1400

// What a router says about the outer packets of a tunnel the client is told, less
// by their headers, and its upload arrives.
func TestNarrowLinkBehindTunnels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 8<<20)
	forEachTunnel(t, func(t *testing.T, e encapsulation, s *site, mode config.Mode) {
		setMTU(t, s.Router, "eth2", narrow)
		files := serveFile(t, s, file)
		direct(t, s, e.dig(s.onlyFirst(mode)))
		for _, f := range s.families() {
			checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			checkPathMTU(t, s.Client, f, e.room(f, narrow))
		}
	})
}

// narrowed is a site for masquerading whose real server is behind a router:
//
//	client 198.51.100.7 ── 198.51.100.1 director 192.0.2.1 ── 192.0.2.254 router 203.0.113.254 ── 203.0.113.11 rs1
//
// IPv6 has the same last numbers in 2001:db8:1::/64 to 2001:db8:3::/64.
var narrowed = deployment{
	build: buildNarrowed, method: lvs.NAT, port: 80,
	v4: addressing{"198.51.100.7", []string{"203.0.113.11"}},
	v6: addressing{"2001:db8:1::7", []string{"2001:db8:3::11"}},
}

func buildNarrowed(l *lab.Lab, opts lab.WireOptions) (*lab.Topology, error) {
	top := &lab.Topology{VIP: parse("198.51.100.1"), VIP6: parse("2001:db8:1::1"), Public: parse("198.51.100.1"), Real: make([]*lab.Host, 1)}
	hosts := []**lab.Host{&top.Client, &top.Director, &top.Router, &top.Real[0]}
	for i, name := range []string{"client", "director", "router", "rs1"} {
		var err error
		if *hosts[i], err = l.Host(name); err != nil {
			return nil, err
		}
	}
	nets := []struct {
		net4, net6 string
		near, far  int
	}{
		{"198.51.100.", "2001:db8:1::", 7, 1}, {"192.0.2.", "2001:db8:2::", 1, 254}, {"203.0.113.", "2001:db8:3::", 254, 11},
	}
	var errs []error
	for i, n := range nets {
		near, far := *hosts[i], *hosts[i+1]
		dev := map[bool]string{true: "eth0", false: "eth1"}[i == 0]
		errs = append(errs,
			l.Wire(near, dev, far, "eth0", opts),
			near.AddAddr(dev, fmt.Sprintf("%s%d/24", n.net4, n.near), fmt.Sprintf("%s%d/64", n.net6, n.near)),
			far.AddAddr("eth0", fmt.Sprintf("%s%d/24", n.net4, n.far), fmt.Sprintf("%s%d/64", n.net6, n.far)),
		)
	}
	errs = append(errs,
		top.Router.Sysctl("net.ipv4.ip_forward", "1"), top.Router.Sysctl("net.ipv6.conf.all.forwarding", "1"),
		top.Director.Route("203.0.113.0/24", "192.0.2.254"), top.Director.Route("2001:db8:3::/64", "2001:db8:2::254"),
		top.Router.Route("default", "192.0.2.1"), top.Router.Route("default", "2001:db8:2::1"),
		top.Real[0].Route("default", "203.0.113.254"), top.Real[0].Route("default", "2001:db8:3::254"),
	)
	return top, errors.Join(errs...)
}

// An error of a router behind a masquerading director comes to the client as one
// about the packet that it has sent.
func TestNarrowLinkBehindARouter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 8<<20)
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := narrowed.raise(t, lab.WireOptions{})
			setMTU(t, s.Router, "eth1", narrow)
			files := serveFile(t, s, file)
			direct(t, s, s.web(mode))
			for _, f := range s.families() {
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
				checkPathMTU(t, s.Client, f, narrow)
			}
		})
	}
}

// checkPathMTU checks what h has learned about the way to the VIP.
func checkPathMTU(t *testing.T, h *lab.Host, f family, want int) {
	t.Helper()
	out, err := h.Run(t.Context(), "ip", "route", "get", f.vip.String())
	must(t, err)
	if !strings.Contains(string(out), fmt.Sprintf(" mtu %d ", want)) {
		t.Errorf("%s: the client has learned %q, want mtu %d", f.name, strings.TrimSpace(string(out)), want)
	}
}
