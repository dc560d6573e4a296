package scenario

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// s4 is LVS-TUN across a router. The real servers answer the client past the
// director.
//
//	director 20.0.0.1 (VIP 20.0.0.2) ── 20.0.0.254 ┐        ┌ 30.0.0.254 ── 30.0.0.1 rs1
//	                                               ├ router ┤
//	client 192.168.10.7 ─────────── 192.168.10.254 ┘        └ 40.0.0.254 ── 40.0.0.1 rs2
//
// IPv6 has the same last numbers in 2001:db8:4:10::/64 to 2001:db8:4:40::/64.
var s4 = deployment{
	build: buildS4, method: lvs.Tunnel, port: 80,
	v4: addressing{"192.168.10.7", []string{"30.0.0.1", "40.0.0.1"}},
	v6: addressing{"2001:db8:4:10::7", []string{"2001:db8:4:30::1", "2001:db8:4:40::1"}},
}

func buildS4(l *lab.Lab, opts lab.WireOptions) (*lab.Topology, error) {
	top := &lab.Topology{VIP: parse("20.0.0.2"), VIP6: parse("2001:db8:4:20::2"), Public: parse("20.0.0.2"), Real: make([]*lab.Host, 2)}
	var err error
	if top.Router, err = l.Host("router"); err != nil {
		return nil, err
	}
	for _, key := range []string{"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"} {
		if err := top.Router.Sysctl(key, "1"); err != nil {
			return nil, err
		}
	}
	hosts := []struct {
		host           **lab.Host
		name, net4     string
		net6, own, via int
	}{
		{&top.Client, "client", "192.168.10.", 10, 7, 0}, {&top.Director, "director", "20.0.0.", 20, 1, 1},
		{&top.Real[0], "rs1", "30.0.0.", 30, 1, 2}, {&top.Real[1], "rs2", "40.0.0.", 40, 1, 3},
	}
	for _, h := range hosts {
		if *h.host, err = l.Host(h.name); err != nil {
			return nil, err
		}
		net6, dev := fmt.Sprintf("2001:db8:4:%d::", h.net6), fmt.Sprintf("eth%d", h.via)
		err = errors.Join(
			l.Wire(*h.host, "eth0", top.Router, dev, opts),
			top.Router.AddAddr(dev, h.net4+"254/24", net6+"254/64"),
			(*h.host).AddAddr("eth0", fmt.Sprintf("%s%d/24", h.net4, h.own), fmt.Sprintf("%s%d/64", net6, h.own)),
			(*h.host).Route("default", h.net4+"254"), (*h.host).Route("default", net6+"254"),
		)
		if err != nil {
			return nil, fmt.Errorf("scenario S4: %s: %w", h.name, err)
		}
	}
	return top, top.Director.AddAddr("eth0", whole(top.VIP), whole(top.VIP6))
}

// An encapsulation is a type of tunnel, and how much it puts between the IP
// headers.
type encapsulation struct {
	kind lvs.TunnelType
	port uint16
	size int
}

var encapsulations = []encapsulation{{lvs.TunnelIPIP, 0, 0}, {lvs.TunnelGRE, 0, 4}, {lvs.TunnelGUE, 6080, 12}}

// dig has c reach all real servers by tunnels of this type.
func (e encapsulation) dig(c *config.Config) *config.Config {
	for i := range c.Services {
		for j := range c.Services[i].Reals {
			c.Services[i].Reals[j].Tunnel, c.Services[i].Reals[j].TunnelPort = e.kind, e.port
		}
	}
	return c
}

// room returns the MTU inside the tunnel, over a link of an MTU.
func (e encapsulation) room(f family, mtu int) int {
	if f.vip.Is6() {
		return mtu - 40 - e.size
	}
	return mtu - 20 - e.size
}

// decapsulate runs `xlvs realserver` on every real server of s.
func (e encapsulation) decapsulate(t *testing.T, s *site) {
	t.Helper()
	for i, rs := range s.Real {
		// As distributions have it, so that it has to be changed.
		must(t, rs.Sysctl("net.ipv4.conf.all.rp_filter", "1"))
		p, err := rs.Start(exec.Command(os.Getenv(binaryKey), "realserver",
			"--vip", s.VIP.String(), "--vip", s.VIP6.String(), "--method", "tun", "--tun-type", e.kind.String(),
			"--state", filepath.Join(t.TempDir(), "state.json")))
		must(t, err)
		t.Cleanup(p.Stop)
		eventually(t, fmt.Sprintf("rs%d is ready", i+1), func() bool {
			select {
			case <-p.Done():
				t.Fatalf("xlvs realserver: %v\n%s", p.Wait(), p.Output())
			default:
			}
			return strings.Contains(string(p.Output()), "real server is ready")
		})
	}
}

// forEachTunnel runs test by every type of tunnel, in both modes.
func forEachTunnel(t *testing.T, test func(*testing.T, encapsulation, *site, config.Mode)) {
	for _, e := range encapsulations {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%v, %s", e.kind, mode), func(t *testing.T) {
				t.Parallel()
				s := s4.raise(t, lab.WireOptions{})
				e.decapsulate(t, s)
				test(t, e, s, mode)
			})
		}
	}
}

// Real servers in other subnets answer in turn and see the client's address. What
// is too large for a tunnel the client is told, and large files arrive whole.
func TestTunnelsAcrossARouter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 20<<20)
	forEachTunnel(t, func(t *testing.T, e encapsulation, s *site, mode config.Mode) {
		serveWeb(t, s.Real[1], "rs2", s.port)
		files := serveFile(t, s, file)
		d := direct(t, s, e.dig(s.web(mode)))
		for _, f := range s.families() {
			checkTurns(t, s, f, 10)
		}
		d.reload(e.dig(s.onlyFirst(mode)))
		for _, f := range s.families() {
			before := d.verdict("larger than the MTU")
			checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
			checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			if d.verdict("larger than the MTU") == before {
				t.Errorf("%s: no packet was too large for the tunnel", f.name)
			}
		}
	})
}
