package host

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/lvs"
)

// AddRoute sends what the host has for vip through the door, so that clients on
// the director's own host reach it. It is an error if there is such a route
// already. An address that an interface holds stays with the host.
func (d *Door) AddRoute(vip lvs.Addr) error {
	if d.tap == nil {
		return fmt.Errorf("add route to %v: %w", vip, ErrNoTUN)
	}
	if err := d.routes.RouteAdd(d.route(vip)); err != nil {
		return fmt.Errorf("add route to %v by %s: %w", vip, d.tap.name, err)
	}
	return nil
}

// RemoveRoute takes back what AddRoute did.
func (d *Door) RemoveRoute(vip lvs.Addr) error {
	if d.tap == nil {
		return fmt.Errorf("remove route to %v: %w", vip, ErrNoTUN)
	}
	if err := d.routes.RouteDel(d.route(vip)); err != nil {
		return fmt.Errorf("remove route to %v by %s: %w", vip, d.tap.name, err)
	}
	return nil
}

// route returns a route to vip alone.
func (d *Door) route(vip lvs.Addr) *netlink.Route {
	a := vip.Netip()
	r := &netlink.Route{
		LinkIndex: d.tap.index,
		Dst:       &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())},
		Protocol:  unix.RTPROT_STATIC,
	}
	if a.Is4() {
		r.Scope = unix.RT_SCOPE_LINK
	}
	return r
}
