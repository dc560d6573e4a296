package demo

import (
	"fmt"
	"net/netip"

	"xlvs/bench/lab"
)

// Addresses of the director in a routed network: its device has the first ones.
// It answers for the others, which are for full NAT, as it does for the VIP.
const (
	dip4, dip6 = "198.51.100.1", "2001:db8:1::1"
	lip4, lip6 = "198.51.100.2", "2001:db8:1::2"
)

// routedFamilies returns the addresses that raiseRouted gives, and the
// director's own.
func routedFamilies(own4, own6 string) []family {
	families := []family{
		addresses("203.0.113.7", "198.51.100.10", "192.0.2.11", "192.0.2.12"),
		addresses("2001:db8:3::7", "2001:db8:1::10", "2001:db8:2::11", "2001:db8:2::12"),
	}
	families[0].own = netip.MustParseAddr(own4)
	families[1].own = netip.MustParseAddr(own6)
	return families
}

// raiseRouted is a network in which a router is between any two, and everybody's
// gateway. Neither direct routing nor masquerading works there.
//
//	client 203.0.113.7 ── .254 router .254 ── 198.51.100.1 director
//	                            .254
//	                             │
//	                           switch ──┬─ rs1 192.0.2.11
//	                                    └─ rs2 192.0.2.12
//
// IPv6 has the same host numbers in 2001:db8:3::/64, 2001:db8:1::/64 and
// 2001:db8:2::/64. The VIP is on no device.
func raiseRouted(l *lab.Lab, opts lab.WireOptions) (*lab.Topology, error) {
	t, err := routedHosts(l)
	if err != nil {
		return nil, fmt.Errorf("routed network: %w", err)
	}
	if err := connectRouted(t, l, opts); err != nil {
		return nil, fmt.Errorf("routed network: %w", err)
	}
	return t, nil
}

// routedHosts makes the hosts, and the router route.
func routedHosts(l *lab.Lab) (*lab.Topology, error) {
	t := &lab.Topology{Real: make([]*lab.Host, 2)}
	hosts := []struct {
		name string
		host **lab.Host
	}{
		{"client", &t.Client}, {"router", &t.Router}, {"director", &t.Director},
		{"rs1", &t.Real[0]}, {"rs2", &t.Real[1]},
	}
	var err error
	for _, h := range hosts {
		if *h.host, err = l.Host(h.name); err != nil {
			return nil, err
		}
	}
	if t.Switch, err = l.Switch("switch"); err != nil {
		return nil, err
	}
	for _, key := range []string{"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"} {
		if err := t.Router.Sysctl(key, "1"); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// connectRouted connects the hosts, and gives them addresses and routes.
func connectRouted(t *lab.Topology, l *lab.Lab, opts lab.WireOptions) error {
	outside := subnet{"203.0.113.", "2001:db8:3::"}
	middle := subnet{"198.51.100.", "2001:db8:1::"}
	inside := subnet{"192.0.2.", "2001:db8:2::"}
	for _, step := range []func() error{
		func() error { return l.Wire(t.Router, "eth0", t.Client, "eth0", opts) },
		func() error { return l.Wire(t.Router, "eth1", t.Director, "eth0", opts) },
		func() error { return t.Switch.Plug(t.Router, "eth2", opts) },
		func() error { return t.Switch.Plug(t.Real[0], "eth0", opts) },
		func() error { return t.Switch.Plug(t.Real[1], "eth0", opts) },
		func() error { return outside.join(t.Router, "eth0", gateway) },
		func() error { return middle.join(t.Router, "eth1", gateway) },
		func() error { return inside.join(t.Router, "eth2", gateway) },
		func() error { return outside.attach(t.Client, 7) },
		func() error { return middle.attach(t.Director, 1) },
		func() error { return inside.attach(t.Real[0], 11) },
		func() error { return inside.attach(t.Real[1], 12) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// gateway is the router's number in every subnet.
const gateway = 254

// A subnet is the first part of its addresses, of IPv4 and of IPv6. A host has
// the same decimal number in both.
type subnet [2]string

// join gives a device of h its addresses.
func (s subnet) join(h *lab.Host, dev string, number int) error {
	return h.AddAddr(dev, fmt.Sprintf("%s%d/24", s[0], number), fmt.Sprintf("%s%d/64", s[1], number))
}

// attach is join for a host with one device, all of whose ways lead by the
// router.
func (s subnet) attach(h *lab.Host, number int) error {
	if err := s.join(h, "eth0", number); err != nil {
		return err
	}
	for _, first := range s {
		if err := h.Route("default", fmt.Sprint(first, gateway)); err != nil {
			return err
		}
	}
	return nil
}
