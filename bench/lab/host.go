package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A Host is a network namespace. After Lab.Close all its methods fail.
type Host struct {
	lab  *Lab
	name string
}

// defaults make hosts alike on every machine: a new namespace inherits the IPv4
// settings of the one it was made from. For IPv6 they leave out the seconds of
// duplicate address detection, and the search for routers that a lab has not.
var defaults = [...][2]string{
	{"net.ipv4.ip_forward", "0"},
	{"net.ipv4.conf.all.rp_filter", "0"},
	{"net.ipv4.conf.default.rp_filter", "0"},
	{"net.ipv4.conf.all.arp_ignore", "0"},
	{"net.ipv4.conf.default.arp_ignore", "0"},
	{"net.ipv4.conf.all.arp_announce", "0"},
	{"net.ipv4.conf.default.arp_announce", "0"},
	{"net.ipv6.conf.all.accept_dad", "0"},
	{"net.ipv6.conf.default.accept_dad", "0"},
	{"net.ipv6.conf.default.router_solicitations", "0"},
}

// begin brings a new host to the state that Lab.Host promises.
func (h *Host) begin() error {
	for _, s := range defaults {
		err := h.Sysctl(s[0], s[1])
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6
			return err
		}
	}
	return h.Do(func() error { return up("lo") })
}

// Name returns the name of the namespace, as `ip netns exec` takes it.
func (h *Host) Name() string { return h.name }

// Do runs f inside the host, on a thread of its own, and returns its error as
// it is. Sockets and files that f opens stay usable outside. Goroutines that f
// starts, package net's name lookup for example, are not inside.
func (h *Host) Do(f func() error) error {
	return onThread(func() error {
		if err := enter(h.name); err != nil {
			return err
		}
		return f()
	})
}

// AddAddr gives dev addresses with their prefix lengths, such as
// "192.0.2.1/24" or "2001:db8::1/64". They are good when it returns.
func (h *Host) AddAddr(dev string, addrs ...string) error {
	for _, a := range addrs {
		if err := h.addAddr(dev, a); err != nil {
			return fmt.Errorf("add address %s to %s of %s: %w", a, dev, h.name, err)
		}
	}
	return nil
}

func (h *Host) addAddr(dev, addr string) error {
	p, err := netip.ParsePrefix(addr)
	if err != nil {
		return err
	}
	return h.Do(func() error {
		link, err := netlink.LinkByName(dev)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: ipNet(p)}); err != nil || p.Addr().Is4() {
			return err
		}
		return awaitAddr(link, p)
	})
}

// awaitAddr waits until p of link is an address in earnest. Without duplicate
// address detection too, the kernel joins the group that solicitations for it
// go to in the background, and only then calls it no longer tentative; a
// solicitation that comes before is lost, and repeated after a second.
func awaitAddr(link netlink.Link, p netip.Prefix) error {
	return await(p.String()+" is no longer tentative", func() (bool, error) {
		addrs, err := netlink.AddrList(link, netlink.FAMILY_V6)
		if errors.Is(err, netlink.ErrDumpInterrupted) { // by a change somewhere
			return false, nil
		}
		i := slices.IndexFunc(addrs, func(a netlink.Addr) bool {
			return a.Flags&unix.IFA_F_TENTATIVE != 0 && a.IP.Equal(p.Addr().AsSlice())
		})
		return i < 0, err
	})
}

// Route sends what goes to dst, a prefix or "default", to the next hop via. The
// default route is the one of via's address family.
func (h *Host) Route(dst, via string) error {
	if err := h.route(dst, via); err != nil {
		return fmt.Errorf("add route to %s via %s in %s: %w", dst, via, h.name, err)
	}
	return nil
}

func (h *Host) route(dst, via string) error {
	hop, err := netip.ParseAddr(via)
	if err != nil {
		return err
	}
	r := netlink.Route{Gw: hop.AsSlice()}
	if dst != "default" {
		p, err := netip.ParsePrefix(dst)
		if err != nil {
			return err
		}
		r.Dst = ipNet(p)
	}
	return h.Do(func() error { return netlink.RouteAdd(&r) })
}

// ipNet returns p as package net's type, host bits included.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// Sysctl sets key, with dots as sysctl(8) prints it, to value.
func (h *Host) Sysctl(key, value string) error {
	// The kernel shows each thread the net branch of the thread's own namespace.
	path := filepath.Join("/proc/sys", strings.ReplaceAll(key, ".", "/"))
	err := h.Do(func() error { return os.WriteFile(path, []byte(value), 0) })
	if err != nil {
		return fmt.Errorf("set %s=%s in %s: %w", key, value, h.name, err)
	}
	return nil
}

// Link returns dev as the kernel describes it now: index, MAC address, MTU,
// queues, counters.
func (h *Host) Link(dev string) (*netlink.LinkAttrs, error) {
	var attrs *netlink.LinkAttrs
	err := h.Do(func() error {
		link, err := netlink.LinkByName(dev)
		if err == nil {
			attrs = link.Attrs()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find %s of %s: %w", dev, h.name, err)
	}
	return attrs, nil
}

// up brings dev of the calling thread's namespace up.
func up(dev string) error {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return fmt.Errorf("find %s: %w", dev, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring %s up: %w", dev, err)
	}
	return nil
}

// await polls until ready, which the kernel becomes in the background: soon, or
// after the second that it lets pass between two looks at its links.
func await(what string, ready func() (bool, error)) error {
	const patience, often, seldom = 10 * time.Second, time.Millisecond, 20 * time.Millisecond
	end, pause := time.Now().Add(patience), often
	for ; ; time.Sleep(pause) {
		pause = min(2*pause, seldom)
		if ok, err := ready(); ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("waited %v until %s", patience, what)
		}
	}
}
