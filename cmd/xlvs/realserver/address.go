package realserver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// errElsewhere is returned for an address that an interface has already which is
// not the one to have it.
var errElsewhere = errors.New("it would answer for the address in the director's place: remove it there, or name that interface with --interface")

// An address is a virtual address on an interface of this host.
type address struct {
	IP netip.Addr `json:"address"`
	On string     `json:"on"`
}

// missing reports whether the interface lacks the address, however long the
// prefix. Another interface must not have it, unless it is a tunnel of ours.
func (a *address) missing() (bool, error) {
	addrs, err := a.list()
	if err != nil {
		return false, fmt.Errorf("list addresses: %w", err)
	}
	missing := true
	for _, other := range addrs {
		if ip, _ := netip.AddrFromSlice(other.IP); ip.Unmap() != a.IP {
			continue
		}
		link, err := netlink.LinkByIndex(other.LinkIndex)
		switch {
		case err != nil: // it has gone since
		case link.Attrs().Name == a.On:
			missing = false
		case !isOurs(link.Attrs().Name) && !isOurs(a.On):
			return false, fmt.Errorf("address %s is in use on %s: %w", a.IP, link.Attrs().Name, errElsewhere)
		}
	}
	return missing, nil
}

// list returns the addresses of all interfaces. If some of them come or go while
// they are listed, the kernel is asked again.
func (a *address) list() (addrs []netlink.Addr, err error) {
	const attempts = 20
	for range attempts {
		addrs, err = netlink.AddrList(nil, a.family())
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return addrs, err
}

// make adds the address, which is good at once: nobody else's answer is waited
// for, since the director has the address too.
func (a *address) make() error {
	link, err := netlink.LinkByName(a.On)
	if err == nil {
		err = netlink.AddrAdd(link, a.netlink())
	}
	if err != nil {
		return fmt.Errorf("add address %s to %s: %w", a.IP, a.On, err)
	}
	return nil
}

func (a *address) unmake() error {
	link, err := netlink.LinkByName(a.On)
	if isGone(err) {
		return nil
	}
	if err == nil {
		err = netlink.AddrDel(link, a.netlink())
	}
	if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
		return fmt.Errorf("remove address %s from %s: %w", a.IP, a.On, err)
	}
	return nil
}

func (a *address) adopt(setting) {}

func (a *address) id() string { return "address " + a.String() }

func (a *address) command() string {
	if a.IP.Is4() {
		return fmt.Sprintf("ip address add %v dev %s", a.prefix(), a.On)
	}
	return fmt.Sprintf("ip address add %v dev %s nodad", a.prefix(), a.On)
}

func (a *address) String() string { return fmt.Sprintf("%v on %s", a.prefix(), a.On) }

// prefix returns the address as a network of its own.
func (a *address) prefix() netip.Prefix { return netip.PrefixFrom(a.IP, a.IP.BitLen()) }

func (a *address) family() int {
	if a.IP.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}

func (a *address) netlink() *netlink.Addr {
	n := &net.IPNet{IP: a.IP.AsSlice(), Mask: net.CIDRMask(a.IP.BitLen(), a.IP.BitLen())}
	if a.IP.Is4() {
		return &netlink.Addr{IPNet: n}
	}
	return &netlink.Addr{IPNet: n, Flags: unix.IFA_F_NODAD}
}

// isGone reports whether err is about an interface that is not there.
func isGone(err error) bool {
	_, ok := errors.AsType[netlink.LinkNotFoundError](err)
	return ok || errors.Is(err, unix.ENODEV)
}
