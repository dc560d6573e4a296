// Package ipvsadm speaks to people as ipvsadm 1.31 does.
//
// What ipvsadm prints is read by scripts as much as by people, so it is
// reproduced to the byte, trailing blanks included: always numeric, as with -n,
// and sorted as ipvsadm sorts. Nothing here asks a director anything; the caller
// brings the state to be printed.
package ipvsadm

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"xlvs/config"
	"xlvs/dataplane"
)

// version is the first line of a list. The size is that of the kernel's
// connection hash table; it is printed since scripts skip or match this line.
const version = "IP Virtual Server version 1.2.1 (size=4096)\n"

// List writes services in the format of `ipvsadm -L -n`.
func List(w io.Writer, services []dataplane.ServiceStatus) error {
	p := &printer{w: w}
	p.printf("%s", version)
	p.printf("Prot LocalAddress:Port Scheduler Flags\n")
	p.printf("  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n")
	for _, s := range sorted(services) {
		p.printf("%s %s%s\n", serviceText(s.ServiceKey), s.Scheduler, optionsText(&s))
		for _, d := range s.Destinations {
			p.printf("  -> %-28s %-7s %-6d %-10d %-10d\n", destinationText(d.RealKey), d.Method, d.Weight, d.Active, d.Inactive)
		}
	}
	return p.err
}

// ListStats writes services in the format of `ipvsadm -L -n --stats`.
func ListStats(w io.Writer, services []dataplane.ServiceStatus) error {
	p := &printer{w: w}
	p.printf("%s", version)
	p.printf("Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n")
	p.printf("  -> RemoteAddress:Port\n")
	for _, s := range sorted(services) {
		p.printf("%-33s%s\n", serviceText(s.ServiceKey), countersText(s.Counters))
		for _, d := range s.Destinations {
			p.printf("  -> %-28s%s\n", destinationText(d.RealKey), countersText(d.Counters))
		}
	}
	return p.err
}

// ListRate writes services in the format of `ipvsadm -L -n --rate`.
func ListRate(w io.Writer, services []dataplane.ServiceStatus) error {
	p := &printer{w: w}
	p.printf("%s", version)
	p.printf("Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n")
	p.printf("  -> RemoteAddress:Port\n")
	for _, s := range sorted(services) {
		r := s.Rates
		p.printf("%-33s%s%s%s%s%s\n", serviceText(s.ServiceKey), largeNumber(r.Conns), largeNumber(r.InPkts),
			largeNumber(r.OutPkts), largeNumber(r.InBytes), largeNumber(r.OutBytes))
		for _, d := range s.Destinations {
			r := d.Rates
			p.printf("  -> %-28s %8d %8d %8d%s%s\n", destinationText(d.RealKey), r.Conns, r.InPkts,
				r.OutPkts, largeNumber(r.InBytes), largeNumber(r.OutBytes))
		}
	}
	return p.err
}

// A printer writes until an error and remembers that.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func serviceText(k config.ServiceKey) string {
	switch {
	case k.Mark != 0 && k.VIP.Is4():
		return fmt.Sprintf("FWM  %d", k.Mark)
	case k.Mark != 0:
		return fmt.Sprintf("FWM  %d IPv6", k.Mark)
	}
	return fmt.Sprintf("%-4s %s", k.Protocol, netip.AddrPortFrom(k.VIP, k.Port))
}

// optionsText returns what follows a service's scheduler.
func optionsText(s *dataplane.ServiceStatus) string {
	var b strings.Builder
	if names := s.Flags.Names(s.Scheduler); len(names) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(names, ","))
	}
	if s.Persistence != 0 {
		fmt.Fprintf(&b, " persistent %d", int(s.Persistence.Seconds()))
		if s.MaskBits != s.VIP.BitLen() {
			fmt.Fprintf(&b, " mask %s", maskText(s.MaskBits, s.VIP.Is4()))
		}
		if s.Engine != "" {
			fmt.Fprintf(&b, " pe %s", s.Engine)
		}
	}
	if s.OnePacket {
		b.WriteString(" ops")
	}
	return b.String()
}

// maskText returns a netmask as -M takes it.
func maskText(bits int, v4 bool) string {
	if !v4 {
		return strconv.Itoa(bits)
	}
	return net.IP(net.CIDRMask(bits, 32)).String()
}

func destinationText(k config.RealKey) string { return netip.AddrPortFrom(k.Addr, k.Port).String() }

func countersText(c dataplane.Counters) string {
	return largeNumber(c.Conns) + largeNumber(c.InPkts) + largeNumber(c.OutPkts) + largeNumber(c.InBytes) + largeNumber(c.OutBytes)
}

// largeNumber returns n right-aligned in nine columns, cut to thousands,
// millions, and so on when it has more than eight digits. That nothing from
// 10^9 on is shown in thousands is ipvsadm's way.
func largeNumber(n uint64) string {
	switch {
	case n < 1e8:
		return fmt.Sprintf("%9d", n)
	case n < 1e9:
		return fmt.Sprintf("%8dK", n/1e3)
	case n < 1e11:
		return fmt.Sprintf("%8dM", n/1e6)
	case n < 1e14:
		return fmt.Sprintf("%8dG", n/1e9)
	}
	return fmt.Sprintf("%8dT", n/1e12)
}
