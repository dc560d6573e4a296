package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"

	"xlvs/bench/lab"
)

// The devices of each host, and the addresses of the network.
const (
	inDev  = "eth0" // the only one of the generator and of the sink
	outDev = "eth1"

	client = "198.51.100.7"
	vip    = "198.51.100.1"
	dip    = "192.0.2.1"
	rip    = "192.0.2.11"
	bits   = "/24"

	port = 4242 // of the service and of the real server
)

// anyAddress is where real servers listen: by direct routing they are asked for
// at the VIP.
var anyAddress = fmt.Sprintf("0.0.0.0:%d", port)

// A network is three hosts in a row:
//
//	generator 198.51.100.7 ── 198.51.100.1 director 192.0.2.1 ── 192.0.2.11 sink
//
// The outer two have no addresses, since nobody there could answer: their
// neighbours know them by permanent entries. Nothing speaks by itself. With
// inhabit it becomes a network of a client, a director and a real server.
type network struct {
	lab                       *lab.Lab
	generator, director, sink *lab.Host
	// The devices in the order in which a frame meets them.
	client, in, out, server *netlink.LinkAttrs
}

// newNetwork builds the network; close takes it away.
func newNetwork() (*network, error) { return newNetworkFor(lab.WireOptions{}) }

// newNetworkFor is newNetwork with a wire to the sink of one's own choice.
func newNetworkFor(far lab.WireOptions) (*network, error) {
	l, err := lab.New()
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w: making network namespaces takes root", err)
	}
	if err != nil {
		return nil, err
	}
	n := &network{lab: l}
	if err := n.build(far); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return n, nil
}

func (n *network) close() error { return n.lab.Close() }

// build makes hosts, wires, addresses and neighbours.
func (n *network) build(far lab.WireOptions) error {
	var err error
	if n.generator, err = n.host("generator"); err != nil {
		return err
	}
	if n.director, err = n.host("director"); err != nil {
		return err
	}
	if n.sink, err = n.host("sink"); err != nil {
		return err
	}
	if err := n.lab.Wire(n.generator, inDev, n.director, inDev, lab.WireOptions{}); err != nil {
		return err
	}
	if err := n.lab.Wire(n.director, outDev, n.sink, inDev, far); err != nil {
		return err
	}
	if err := n.find(); err != nil {
		return err
	}
	if err := n.director.AddAddr(inDev, vip+bits); err != nil {
		return err
	}
	if err := n.director.AddAddr(outDev, dip+bits); err != nil {
		return err
	}
	return errors.Join(
		n.introduce(n.in, client, n.client.HardwareAddr),
		n.introduce(n.out, rip, n.server.HardwareAddr),
	)
}

// inhabit gives the outer hosts addresses, and the real server the way back, so
// that programs there can talk.
func (n *network) inhabit() error {
	if err := n.generator.AddAddr(inDev, client+bits); err != nil {
		return err
	}
	if err := n.sink.AddAddr(inDev, rip+bits); err != nil {
		return err
	}
	return n.sink.Route("default", dip)
}

// host makes a host without IPv6, which would speak by itself.
func (n *network) host(name string) (*lab.Host, error) {
	h, err := n.lab.Host(name)
	if err != nil {
		return nil, err
	}
	err = h.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
		return nil, err
	}
	return h, nil
}

// find looks the devices up.
func (n *network) find() error {
	for _, at := range []struct {
		host *lab.Host
		dev  string
		link **netlink.LinkAttrs
	}{
		{n.generator, inDev, &n.client},
		{n.director, inDev, &n.in},
		{n.director, outDev, &n.out},
		{n.sink, inDev, &n.server},
	} {
		link, err := at.host.Link(at.dev)
		if err != nil {
			return err
		}
		*at.link = link
	}
	return nil
}

// introduce tells the director for good that addr on link has mac.
func (n *network) introduce(link *netlink.LinkAttrs, addr string, mac net.HardwareAddr) error {
	entry := &netlink.Neigh{
		LinkIndex:    link.Index,
		IP:           netip.MustParseAddr(addr).AsSlice(),
		HardwareAddr: mac,
		State:        netlink.NUD_PERMANENT,
	}
	if err := n.director.Do(func() error { return netlink.NeighSet(entry) }); err != nil {
		return fmt.Errorf("add neighbour %s on %s: %w", addr, link.Name, err)
	}
	return nil
}
