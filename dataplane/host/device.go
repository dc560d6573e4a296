package host

import (
	"fmt"
	"os"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/header"
)

// find asks for the number and address that the kernel gave the device.
func (t *tap) find() error {
	l, err := netlink.LinkByName(t.name)
	if err != nil {
		return fmt.Errorf("find tap %s: %w", t.name, err)
	}
	t.index = l.Attrs().Index
	t.mac = header.MAC(l.Attrs().HardwareAddr)
	return nil
}

// setUp makes the device quiet and sets it up.
func (t *tap) setUp() error {
	l, err := netlink.LinkByIndex(t.index)
	if err != nil {
		return fmt.Errorf("find tap %s: %w", t.name, err)
	}
	t.quieten()
	for _, step := range []struct {
		name string
		do   func(netlink.Link) error
	}{
		// Nobody on the other side answers ARP or ND.
		{"NOARP", netlink.LinkSetARPOff},
		{"MULTICAST off", netlink.LinkSetMulticastOff},
		{"UP", netlink.LinkSetUp},
	} {
		if err := step.do(l); err != nil {
			return fmt.Errorf("set tap %s %s: %w", t.name, step.name, err)
		}
	}
	return nil
}

// quieten sets what local clients are better off with. The door works without,
// so it is no error if /proc is read-only or the host has no IPv6.
//
// The kernel goes by the stricter of a device's rp_filter and that of "all".
// Strict filtering does no harm either, as long as the VIP that a reply comes
// from has its route through the door.
func (t *tap) quieten() {
	for path, value := range map[string]string{
		"ipv4/conf/" + t.name + "/rp_filter":     "0",
		"ipv6/conf/" + t.name + "/addr_gen_mode": "1", // no link-local address
		"ipv6/conf/" + t.name + "/accept_ra":     "0",
	} {
		_ = os.WriteFile("/proc/sys/net/"+path, []byte(value), 0)
	}
}
