package lab

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// A Topology is a network that is wired, addressed and routed. No director and
// no server runs in it yet. What a topology does not have is nil.
type Topology struct {
	Client   *Host
	Router   *Host // the client's provider
	Firewall *Host
	Director *Host
	Standby  *Host // a second director, without the VIP
	Switch   *Switch
	Real     []*Host // the real servers

	// VIP and VIP6 are addresses of services on the director. Public is what
	// the client dials over IPv4: VIP, unless a firewall translates.
	VIP, VIP6, Public netip.Addr
}

// A node describes one host of a topology.
type node struct {
	name     string
	ports    []port
	gateways []string // next hops of the default routes, one per family
	routes   []string // "prefix via next hop"
	router   bool     // forwards IPv4 and IPv6
	sysctls  []string // "key=value"
	ruleset  string   // for nft
}

// A port is a device of a node and the segment it is connected to: a wire when
// the segment has two ports, else a switch. Loopback has no segment.
type port struct {
	dev, segment string
	addrs        []string
}

// An end is where a wire or a plug goes.
type end struct {
	host *Host
	dev  string
}

// routing makes a host a router.
var routing = [...]string{"net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"}

// raise makes the hosts and what connects them.
func (l *Lab) raise(opts WireOptions, nodes ...node) (*Topology, error) {
	t := new(Topology)
	hosts := make([]*Host, len(nodes))
	for i, n := range nodes {
		h, err := l.Host(n.name)
		if err != nil {
			return nil, err
		}
		hosts[i] = h
		t.enroll(n.name, h)
	}
	if err := l.connect(t, hosts, nodes, opts); err != nil {
		return nil, err
	}
	for i, n := range nodes {
		if err := hosts[i].configure(n); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// connect makes the segments, in the order in which the nodes name them, so
// that a host's eth0 comes before its eth1.
func (l *Lab) connect(t *Topology, hosts []*Host, nodes []node, opts WireOptions) error {
	var names []string
	segments := make(map[string][]end)
	for i, n := range nodes {
		for _, p := range n.ports {
			if segments[p.segment] == nil && p.segment != "" {
				names = append(names, p.segment)
			}
			segments[p.segment] = append(segments[p.segment], end{hosts[i], p.dev})
		}
	}
	for _, name := range names {
		if err := l.join(t, name, segments[name], opts); err != nil {
			return err
		}
	}
	return nil
}

// enroll puts h where its name belongs; what has no field is a real server.
func (t *Topology) enroll(name string, h *Host) {
	switch name {
	case "client":
		t.Client = h
	case "router":
		t.Router = h
	case "firewall":
		t.Firewall = h
	case "director":
		t.Director = h
	case "standby":
		t.Standby = h
	default:
		t.Real = append(t.Real, h)
	}
}

// join connects the ends of a segment. A topology has one switch at most.
func (l *Lab) join(t *Topology, name string, ends []end, opts WireOptions) error {
	if len(ends) == 2 {
		return l.Wire(ends[0].host, ends[0].dev, ends[1].host, ends[1].dev, opts)
	}
	var err error
	if t.Switch, err = l.Switch(name); err != nil {
		return err
	}
	for _, e := range ends {
		if err := t.Switch.Plug(e.host, e.dev, opts); err != nil {
			return err
		}
	}
	return nil
}

// configure does to h, which has its devices, what n says. Sysctls come before
// addresses, so that an address is never announced that must not be.
func (h *Host) configure(n node) error {
	sysctls := n.sysctls
	if n.router {
		sysctls = append(sysctls, routing[:]...)
	}
	for _, s := range sysctls {
		key, value, _ := strings.Cut(s, "=")
		if err := h.Sysctl(key, value); err != nil {
			return err
		}
	}
	for _, p := range n.ports {
		if err := h.AddAddr(p.dev, p.addrs...); err != nil {
			return err
		}
	}
	for _, via := range n.gateways {
		if err := h.Route("default", via); err != nil {
			return err
		}
	}
	for _, r := range n.routes {
		dst, via, _ := strings.Cut(r, " via ")
		if err := h.Route(dst, via); err != nil {
			return err
		}
	}
	return h.nft(n.ruleset)
}

// nft loads a ruleset. Without one it does not need the nft program.
func (h *Host) nft(ruleset string) error {
	if ruleset == "" {
		return nil
	}
	if _, err := h.Run(context.Background(), "nft", ruleset); err != nil {
		return fmt.Errorf("load packet filter: %w", err)
	}
	return nil
}

// Simple is a client, a director with two devices, and two real servers whose
// default gateway is the director:
//
//	client 198.51.100.7 ── 198.51.100.1 director 192.0.2.1 ── switch ──┬─ rs1 192.0.2.11
//	                                                                 └─ rs2 192.0.2.12
//
// IPv6 has the same host numbers in 2001:db8:1::/64 and 2001:db8:2::/64. The
// VIP is the director's own address on the client's side.
func Simple(l *Lab, opts WireOptions) (*Topology, error) {
	gateways := []string{"192.0.2.1", "2001:db8:2::1"}
	t, err := l.raise(opts,
		node{name: "client", ports: []port{
			{"eth0", "wan", []string{"198.51.100.7/24", "2001:db8:1::7/64"}}}},
		node{name: "director", ports: []port{
			{"eth0", "wan", []string{"198.51.100.1/24", "2001:db8:1::1/64"}},
			{"eth1", "switch", []string{"192.0.2.1/24", "2001:db8:2::1/64"}}}},
		node{name: "rs1", gateways: gateways, ports: []port{
			{"eth0", "switch", []string{"192.0.2.11/24", "2001:db8:2::11/64"}}}},
		node{name: "rs2", gateways: gateways, ports: []port{
			{"eth0", "switch", []string{"192.0.2.12/24", "2001:db8:2::12/64"}}}},
	)
	if err != nil {
		return nil, fmt.Errorf("simple topology: %w", err)
	}
	t.serve("198.51.100.1", "2001:db8:1::1")
	return t, nil
}

// serve notes the topology's service addresses, which are constants.
func (t *Topology) serve(vip, vip6 string) {
	t.VIP, t.VIP6 = netip.MustParseAddr(vip), netip.MustParseAddr(vip6)
	t.Public = t.VIP
}
