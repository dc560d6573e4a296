package realserver

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/header"
)

// ownPrefix begins the names of the devices that this package makes.
const ownPrefix = "xlvsrs"

// isOurs reports whether a device has a name that only this package gives.
func isOurs(dev string) bool { return strings.HasPrefix(dev, ownPrefix) }

// A device is a tunnel device of the kernel's that takes packets from anybody.
type device struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// newDevice returns the device behind a door. That for IPv6 in IPv4, which knows
// no metadata, is raised instead.
func newDevice(d door) *device {
	kind := "ipip"
	switch gre := d.proto == header.ProtoGRE; {
	case gre && d.v6:
		kind = "ip6gre"
	case gre:
		kind = "gre"
	case d.v6:
		kind = "ip6tnl"
	}
	return &device{Name: ownPrefix + "-" + kind, Kind: kind}
}

// link returns what the kernel is asked for. That of metadata (external, as
// ip-link has it) has no address of its own, and takes packets for all.
func (d *device) link() netlink.Link {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = d.Name
	switch d.Kind {
	case "ip6gre":
		return &netlink.Gretun{LinkAttrs: attrs, FlowBased: true}
	case "gre":
		return &netlink.Gretun{LinkAttrs: attrs, FlowBased: true, Local: net.IPv4zero}
	case "ip6tnl":
		return &netlink.Ip6tnl{LinkAttrs: attrs, FlowBased: true}
	}
	return &netlink.Iptun{LinkAttrs: attrs, FlowBased: true}
}

func (d *device) missing() (bool, error) {
	_, err := netlink.LinkByName(d.Name)
	if isGone(err) {
		return true, nil
	}
	return false, err
}

func (d *device) make() error {
	link := d.link()
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("make %s device %s: %w", d.Kind, d.Name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return errors.Join(fmt.Errorf("bring %s up: %w", d.Name, err), d.unmake())
	}
	return nil
}

func (d *device) unmake() error {
	link, err := netlink.LinkByName(d.Name)
	if isGone(err) {
		return nil
	}
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if err != nil {
		return fmt.Errorf("remove device %s: %w", d.Name, err)
	}
	return nil
}

func (d *device) adopt(setting) {}

func (d *device) id() string { return "device " + d.Name }

func (d *device) command() string {
	mode := ""
	if d.Kind == "ip6tnl" {
		mode = " mode any"
	}
	return fmt.Sprintf("ip link add %[1]s type %[2]s%[3]s external; ip link set %[1]s up", d.Name, d.Kind, mode)
}

// String says of gre what the kernel's device does with packets that have a
// checksum: it has to be made for them, and takes no others then.
func (d *device) String() string {
	if strings.HasSuffix(d.Kind, "gre") {
		return fmt.Sprintf("%s device %s, which drops packets with --tun-csum", d.Kind, d.Name)
	}
	return fmt.Sprintf("%s device %s", d.Kind, d.Name)
}
