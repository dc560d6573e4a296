package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
)

// bridge is the name of the bridge device in a switch.
const bridge = "br0"

// WireOptions are the properties of both ends of a wire. The zero value is what
// the kernel gives a veth pair.
type WireOptions struct {
	Queues int // receive queues in use, and as many transmit queues; 0 means 1
	MTU    int // bytes; 0 means 1500
}

// Wire connects device devA of host a with device devB of host b: a veth pair
// with its offloads as the kernel sets them. Both ends are new and up.
func (l *Lab) Wire(a *Host, devA string, b *Host, devB string, opts WireOptions) error {
	err := a.Do(func() error { return addVeth(devA, b.name, devB, opts) })
	if err == nil {
		err = b.Do(func() error { return up(devB) })
	}
	if err == nil {
		err = b.Do(func() error { return awaitCarrier(devB) })
	}
	if err == nil {
		err = a.Do(func() error { return awaitCarrier(devA) })
	}
	if err != nil {
		return fmt.Errorf("wire %s of %s to %s of %s: %w", devA, a.name, devB, b.name, err)
	}
	return nil
}

// addVeth makes dev in the calling thread's namespace and its other end, peer,
// in the namespace called there, and brings dev up.
func addVeth(dev, there, peer string, opts WireOptions) error {
	ns, err := os.Open(filepath.Join(dir, there))
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = dev, opts.MTU
	attrs.NumRxQueues, attrs.NumTxQueues = opts.Queues, opts.Queues
	veth := netlink.NewVeth(attrs) // the peer takes its queues and MTU from attrs
	veth.PeerName, veth.PeerNamespace = peer, netlink.NsFd(ns.Fd())
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("add veth pair: %w", err)
	}
	return up(dev)
}

// awaitCarrier waits until dev of the calling thread's namespace can send. The
// kernel hears in the background that the other end has come up, and drops what
// is sent before; a lost ARP request then costs whoever dials first a second.
func awaitCarrier(dev string) error {
	return await(dev+" has a carrier", func() (bool, error) {
		link, err := netlink.LinkByName(dev)
		return err == nil && link.Attrs().OperState == netlink.OperUp, err
	})
}

// SetMAC changes the MAC address of dev.
func (h *Host) SetMAC(dev string, mac net.HardwareAddr) error {
	err := h.Do(func() error {
		link, err := netlink.LinkByName(dev)
		if err != nil {
			return err
		}
		return netlink.LinkSetHardwareAddr(link, mac)
	})
	if err != nil {
		return fmt.Errorf("set mac address %v on %s of %s: %w", mac, dev, h.name, err)
	}
	return nil
}

// A Switch is a host whose only work is a bridge. It has no address, does not
// speak spanning tree, forwards from the first frame, and floods multicast.
type Switch struct {
	*Host
}

// Switch makes a switch. Its name is one among the lab's hosts.
func (l *Lab) Switch(name string) (*Switch, error) {
	h, err := l.Host(name)
	if err != nil {
		return nil, err
	}
	if err := h.addBridge(); err != nil {
		return nil, fmt.Errorf("make switch %s: %w", name, err)
	}
	return &Switch{h}, nil
}

func (h *Host) addBridge() error {
	// A switch with an IPv6 address of its own would speak in captures.
	err := h.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return h.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = bridge
		snoop := false // without a querier, snooping forgets who listens
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snoop}); err != nil {
			return fmt.Errorf("add bridge: %w", err)
		}
		return up(bridge)
	})
}

// Plug connects device dev of h to the switch. The switch's port is named after
// the host as far as a device name reaches, and after dev.
func (s *Switch) Plug(h *Host, dev string, opts WireOptions) error {
	port := s.Port(h, dev)
	if err := s.lab.Wire(s.Host, port, h, dev, opts); err != nil {
		return err
	}
	err := s.Do(func() error {
		link, err := netlink.LinkByName(port)
		if err != nil {
			return err
		}
		br, err := netlink.LinkByName(bridge)
		if err != nil {
			return err
		}
		return netlink.LinkSetMaster(link, br)
	})
	if err != nil {
		return fmt.Errorf("plug %s of %s into %s: %w", dev, h.name, s.name, err)
	}
	return nil
}

// Port returns the switch's device that dev of h is plugged into.
func (s *Switch) Port(h *Host, dev string) string {
	name := strings.SplitN(h.name, "-", 4)[3]
	const most = 15 // IFNAMSIZ with its final zero is 16
	return name[:min(len(name), max(0, most-1-len(dev)))] + "-" + dev
}
