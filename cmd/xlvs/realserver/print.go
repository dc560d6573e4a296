package realserver

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"xlvs/lvs"
)

// printCommands prints what does the same without xlvs. On Linux that is what
// this program itself would set if the kernel had everything.
func (o *options) printCommands(out io.Writer) {
	fmt.Fprintln(out, "# Linux")
	for _, s := range o.wished() {
		fmt.Fprintln(out, s.command())
	}
	o.printBSD(out)
	o.printWindows(out)
}

// wished returns all settings for a kernel that has the devices of all tunnels.
func (o *options) wished() []setting {
	const strict = true // nobody knows what it is on that host
	settings := o.silence(strict)
	if o.tunnel {
		for _, d := range o.doors() {
			settings = append(settings, o.inKernel(d)...)
		}
	}
	return withoutRepeats(append(settings, o.addresses()...))
}

// withoutRepeats drops the settings that are there before: several doors may
// lead to one device.
func withoutRepeats(settings []setting) (once []setting) {
	seen := make(map[string]bool)
	for _, s := range settings {
		if !seen[s.id()] {
			once = append(once, s)
		}
		seen[s.id()] = true
	}
	return once
}

// printBSD prints the commands for systems that answer ARP only for the
// addresses of the interface that is asked.
func (o *options) printBSD(out io.Writer) {
	fmt.Fprintln(out, "\n# FreeBSD, NetBSD, OpenBSD, macOS")
	for _, a := range o.vips {
		if a.Is4() {
			fmt.Fprintf(out, "ifconfig lo0 inet %v netmask 255.255.255.255 alias\n", a)
		} else {
			fmt.Fprintf(out, "ifconfig lo0 inet6 %v prefixlen 128 alias\n", a)
		}
	}
	if !o.tunnel {
		return
	}
	fmt.Fprintln(out, "# and on FreeBSD, with this host's address for RIP and the director's for DIP")
	for _, t := range o.types {
		switch t {
		case lvs.TunnelIPIP:
			fmt.Fprintln(out, "ifconfig gif0 create tunnel RIP DIP up")
		case lvs.TunnelGRE:
			fmt.Fprintln(out, "ifconfig gre0 create tunnel RIP DIP up")
		case lvs.TunnelGUE:
			fmt.Fprintln(out, "# there is no gue: use ipip or gre")
		}
	}
}

// printWindows prints the commands for Windows, which by default neither takes
// nor sends packets by an interface that does not have the address.
func (o *options) printWindows(out io.Writer) {
	fmt.Fprintln(out, "\n# Windows, with a Microsoft KM-TEST loopback adapter that is called loopback and a network card Ethernet")
	if o.tunnel {
		fmt.Fprintln(out, "rem there are no tunnels: use --method dr")
		return
	}
	for _, a := range o.vips {
		if a.Is4() {
			fmt.Fprintf(out, "netsh interface ipv4 add address \"loopback\" %v 255.255.255.255\n", a)
		} else {
			fmt.Fprintf(out, "netsh interface ipv6 add address \"loopback\" %v/128\n", a)
		}
	}
	families := []struct {
		name string
		is   func(netip.Addr) bool
	}{{"ipv4", netip.Addr.Is4}, {"ipv6", netip.Addr.Is6}}
	for _, f := range families {
		if o.has(f.is) {
			fmt.Fprint(out, strings.ReplaceAll(weakHost, "FAMILY", f.name))
		}
	}
}

// weakHost has Windows take packets for the loopback adapter's addresses from
// the network card, and answer by it.
const weakHost = `netsh interface FAMILY set interface "Ethernet" weakhostreceive=enabled
netsh interface FAMILY set interface "loopback" weakhostreceive=enabled weakhostsend=enabled
`
