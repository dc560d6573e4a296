package realserver

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// checkHost looks whether the interface is there, and no other has the virtual
// addresses. It warns of an interface that tells others whose they are.
func (o *options) checkHost(out io.Writer) error {
	link, err := netlink.LinkByName(o.dev)
	if err != nil {
		return fmt.Errorf("find interface %s: %w", o.dev, err)
	}
	attrs := link.Attrs()
	if attrs.Flags&net.FlagUp == 0 {
		return fmt.Errorf("interface %s is down", o.dev)
	}
	if attrs.EncapType == "ether" && attrs.RawFlags&unix.IFF_NOARP == 0 {
		fmt.Fprintf(out, "warning: %s answers its neighbours for its addresses; where the director is one of them, use lo\n", o.dev)
	}
	for _, a := range o.vips {
		if _, err := (&address{IP: a, On: o.dev}).missing(); err != nil {
			return err
		}
	}
	return nil
}

// silence returns what keeps the host from answering ARP for a virtual address,
// or from telling neighbours that it has it (arp_ignore and arp_announce of the
// kernel's ip-sysctl documentation; IPv6 solicitations are answered only for
// addresses of the interface that they come in by).
//
// With direct routing clients' packets come by an interface that need not be the
// way back to them, which matters if strict is how packets are filtered.
func (o *options) silence(strict bool) []setting {
	if !o.has(netip.Addr.Is4) {
		return nil
	}
	settings := []setting{
		ipv4Conf("all", "arp_ignore", "1", "2", "8"), // these ignore more
		ipv4Conf("all", "arp_announce", "2"),
	}
	if strict && !o.tunnel {
		settings = append(settings, looseFilter())
	}
	return settings
}

// looseFilter has all interfaces take packets from whoever there is a way to.
func looseFilter() *sysctl { return ipv4Conf("all", "rp_filter", "2") }

// filtersStrictly reports whether this host does, or did before an earlier
// process changed it.
func filtersStrictly(j *journal) bool {
	return isStrict(filepath.Join(procSys, "net/ipv4/conf")) || j.find(looseFilter().id()) >= 0
}

// addresses returns the virtual addresses on their interface, which must be
// allowed to have those of IPv6.
func (o *options) addresses() (settings []setting) {
	if o.has(netip.Addr.Is6) {
		settings = append(settings, ipv6Conf(o.dev, "disable_ipv6", "0"))
	}
	for _, a := range o.vips {
		settings = append(settings, &address{IP: a, On: o.dev})
	}
	return settings
}

// dress returns what has the host accept packets for the virtual addresses from
// the device of a tunnel, which is not the way back to the clients. For loose
// filtering the device needs an address: without one nothing is a way back.
func (o *options) dress(dev string, v4, v6 bool) (settings []setting) {
	if v4 && o.has(netip.Addr.Is4) {
		settings = append(settings, ipv4Conf(dev, "rp_filter", "2"))
	}
	for _, a := range o.vips {
		if v4 && a.Is4() {
			settings = append(settings, &address{IP: a, On: dev})
		}
	}
	if v6 && o.has(netip.Addr.Is6) {
		settings = append(settings, ipv6Conf(dev, "disable_ipv6", "0"))
	}
	return settings
}
