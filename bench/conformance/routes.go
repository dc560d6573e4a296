package conformance

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The addresses of the director that are no VIPs of scripts.
var directorAddrs = map[Side][]string{
	Client: {
		"198.51.100.1/24", "2001:db8:1::1/64",
		fenceVIP + "/32",
	},
	Real: {"192.0.2.1/24", "2001:db8:2::1/64"},
}

// addresses returns those that the director has on one side, VIPs among them.
func addresses(side Side) []string {
	list := directorAddrs[side]
	if side == Real {
		return list
	}
	for i := range vips {
		list = append(slices.Clip(list), families[0].anyVIP(i)+"/32", families[1].anyVIP(i)+"/128")
	}
	return list
}

// addAddresses gives the director its addresses on one side, which are good at
// once. It runs inside the director.
func addAddresses(side Side) error {
	link, err := netlink.LinkByName(devices[side])
	if err != nil {
		return fmt.Errorf("find %s: %w", devices[side], err)
	}
	for _, a := range addresses(side) {
		addr, err := netlink.ParseAddr(a)
		if err != nil {
			return err
		}
		addr.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("add address %s: %w", a, err)
		}
	}
	return nil
}

// routes makes the director know every neighbour, and the way to the clients. It
// runs inside the director.
func routes() error {
	links := map[Side]netlink.Link{}
	for _, side := range sides {
		var err error
		if links[side], err = netlink.LinkByName(devices[side]); err != nil {
			return fmt.Errorf("find %s: %w", devices[side], err)
		}
	}
	for _, gateway := range [...]string{gateway4, gateway6} {
		if err := neighbour(links[Client], gateway, clientMAC); err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(gateway)}); err != nil {
			return fmt.Errorf("add route via %s: %w", gateway, err)
		}
	}
	for i := range byte(reals) {
		for _, f := range families {
			if err := neighbour(links[Real], f.real(int(i)), realMAC(11+i)); err != nil {
				return err
			}
		}
	}
	for _, f := range families {
		if err := neighbour(links[Real], f.router, realMAC(otherRouter)); err != nil {
			return err
		}
	}
	return nil
}

func neighbour(link netlink.Link, addr string, mac net.HardwareAddr) error {
	ip := netip.MustParseAddr(addr)
	family := unix.AF_INET
	if ip.Is6() {
		family = unix.AF_INET6
	}
	err := netlink.NeighSet(&netlink.Neigh{
		LinkIndex: link.Attrs().Index, Family: family, State: unix.NUD_PERMANENT, IP: ip.AsSlice(), HardwareAddr: mac,
	})
	if err != nil {
		return fmt.Errorf("add neighbour %s: %w", addr, err)
	}
	return nil
}
