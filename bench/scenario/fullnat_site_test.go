package scenario

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// s5 is FULLNAT across subnets. The real servers' gateway knows of no client: only
// to the director's own subnet is there a way.
//
//	client 198.51.100.7 ── 198.51.100.254 firewall 192.0.2.254 ── 192.0.2.1 (VIP) director
//	director 203.0.113.1 ── 203.0.113.62 router 203.0.113.126 ── switch ──┬─ 203.0.113.71 rs1
//	                                                                    └─ 203.0.113.72 rs2
//
// IPv6 has the same last numbers in 2001:db8:5:1::/64 to 2001:db8:5:4::/64.
var s5 = deployment{
	build: buildS5, method: lvs.FullNAT, port: 8080,
	v4: addressing{"198.51.100.7", []string{"203.0.113.71", "203.0.113.72"}},
	v6: addressing{"2001:db8:5:1::7", []string{"2001:db8:5:4::71", "2001:db8:5:4::72"}},
}

func buildS5(l *lab.Lab, opts lab.WireOptions) (*lab.Topology, error) {
	top := &lab.Topology{VIP: parse("192.0.2.1"), VIP6: parse("2001:db8:5:2::1"), Public: parse("192.0.2.1"), Real: make([]*lab.Host, 2)}
	var errs []error
	for name, h := range map[string]**lab.Host{
		"client": &top.Client, "firewall": &top.Firewall, "director": &top.Director, "router": &top.Router, "rs1": &top.Real[0], "rs2": &top.Real[1],
	} {
		var err error
		*h, err = l.Host(name)
		errs = append(errs, err)
	}
	var err error
	top.Switch, err = l.Switch("switch")
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return top, errors.Join(wireS5(l, top, opts), addressS5(top), routeS5(top))
}

func wireS5(l *lab.Lab, top *lab.Topology, opts lab.WireOptions) error {
	return errors.Join(
		l.Wire(top.Client, "eth0", top.Firewall, "eth0", opts), l.Wire(top.Firewall, "eth1", top.Director, "eth0", opts),
		l.Wire(top.Director, "eth1", top.Router, "eth0", opts), top.Switch.Plug(top.Router, "eth1", opts),
		top.Switch.Plug(top.Real[0], "eth0", opts), top.Switch.Plug(top.Real[1], "eth0", opts),
	)
}

func addressS5(top *lab.Topology) error {
	return errors.Join(
		top.Client.AddAddr("eth0", "198.51.100.7/24", "2001:db8:5:1::7/64"),
		top.Firewall.AddAddr("eth0", "198.51.100.254/24", "2001:db8:5:1::254/64"),
		top.Firewall.AddAddr("eth1", "192.0.2.254/24", "2001:db8:5:2::254/64"),
		top.Director.AddAddr("eth0", "192.0.2.1/24", "2001:db8:5:2::1/64"),
		top.Director.AddAddr("eth1", "203.0.113.1/26", "2001:db8:5:3::1/64"),
		top.Router.AddAddr("eth0", "203.0.113.62/26", "2001:db8:5:3::62/64"),
		top.Router.AddAddr("eth1", "203.0.113.126/26", "2001:db8:5:4::126/64"),
		top.Real[0].AddAddr("eth0", "203.0.113.71/26", "2001:db8:5:4::71/64"),
		top.Real[1].AddAddr("eth0", "203.0.113.72/26", "2001:db8:5:4::72/64"),
	)
}

func routeS5(top *lab.Topology) error {
	var errs []error
	for _, h := range []*lab.Host{top.Firewall, top.Router} {
		errs = append(errs, h.Sysctl("net.ipv4.ip_forward", "1"), h.Sysctl("net.ipv6.conf.all.forwarding", "1"))
	}
	for _, rs := range top.Real {
		errs = append(errs, rs.Route("default", "203.0.113.126"), rs.Route("default", "2001:db8:5:4::126"))
	}
	return errors.Join(append(errs,
		top.Client.Route("default", "198.51.100.254"), top.Client.Route("default", "2001:db8:5:1::254"),
		top.Director.Route("default", "192.0.2.254"), top.Director.Route("default", "2001:db8:5:2::254"),
		top.Director.Route("203.0.113.64/26", "203.0.113.62"), top.Director.Route("2001:db8:5:4::/64", "2001:db8:5:3::62"),
	)...)
}

// A variant of s5 has the local addresses somewhere, and real servers of the
// clients' family or of the other.
type variant struct {
	name    string
	locals  [2]string // by family
	ports   [2]uint16
	crossed bool
}

// Local addresses that an interface holds share it with the host's own ports.
var variants = []variant{
	{"on an interface", [2]string{"203.0.113.1", "2001:db8:5:3::1"}, [2]uint16{1024, 30000}, false},
	{"on no interface", [2]string{"203.0.113.2", "2001:db8:5:3::2"}, [2]uint16{1024, 65535}, false},
	{"on an interface, to the other family", [2]string{"203.0.113.1", "2001:db8:5:3::1"}, [2]uint16{1024, 30000}, true},
	{"on no interface, to the other family", [2]string{"203.0.113.2", "2001:db8:5:3::2"}, [2]uint16{1024, 65535}, true},
}

// raise is s5.raise, where real servers take a local address for the client.
func (v variant) raise(t *testing.T) *site {
	t.Helper()
	s := s5.raise(t, lab.WireOptions{})
	s.v4.client, s.v6.client = v.locals[0], v.locals[1]
	if v.crossed {
		s.v4.client, s.v6.client = s.v6.client, s.v4.client
	}
	return s
}

// with gives c v's local addresses and real servers.
func (v variant) with(c *config.Config) *config.Config {
	c.LocalAddresses = nil
	for _, a := range v.locals {
		c.LocalAddresses = append(c.LocalAddresses, config.LocalRange{Addr: netip.MustParseAddr(a), First: v.ports[0], Last: v.ports[1]})
	}
	for i := 0; v.crossed && i+1 < len(c.Services); i += 2 { // the twin of an IPv4 service follows it
		c.Services[i].Reals, c.Services[i+1].Reals = c.Services[i+1].Reals, c.Services[i].Reals
	}
	return c
}

// introduced has all services of c tell real servers who their clients are.
func introduced(c *config.Config, how config.ClientAddress) *config.Config {
	for i := range c.Services {
		c.Services[i].ClientAddress = how
	}
	return c
}

// forEachVariant runs test by every variant, in both modes.
func forEachVariant(t *testing.T, test func(*testing.T, variant, config.Mode)) {
	for _, v := range variants {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", v.name, mode), func(t *testing.T) {
				t.Parallel()
				test(t, v, mode)
			})
		}
	}
}
