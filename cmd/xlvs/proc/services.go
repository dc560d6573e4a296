package proc

import (
	"bufio"
	"context"
	"fmt"
	"math/bits"
	"net/netip"

	"xlvs/dataplane"
	"xlvs/lvs"
)

// hz is how many jiffies a second has in the kernels of most distributions; the
// file has timeouts in jiffies and does not say how long one is.
const hz = 250

// writeServices writes ip_vs: services in the director's order, which for the
// kernel is that of its hash table.
func writeServices(ctx context.Context, w *bufio.Writer, d Director) error {
	services, err := d.Services(ctx)
	if err != nil {
		return err
	}
	w.WriteString("IP Virtual Server version 1.2.1 (size=4096)\n" +
		"Prot LocalAddress:Port Scheduler Flags\n" +
		"  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n")
	for i := range services {
		s := &services[i]
		w.WriteString(serviceLine(s))
		for j := range s.Destinations {
			v := &s.Destinations[j]
			fmt.Fprintf(w, "  -> %s:%04X      %-7s %-6d %-10d %-10d\n",
				bracketed(v.Addr), v.Port, methodText(v.Method), v.Weight, v.Active, v.Inactive)
		}
	}
	return nil
}

// serviceLine returns the line of s. That one-packet scheduling is not shown of
// IPv6 services is the kernel's way, as are the blanks.
func serviceLine(s *dataplane.ServiceStatus) string {
	ops := ""
	if s.OnePacket {
		ops = "ops "
	}
	var line string
	switch {
	case s.Mark != 0:
		line = fmt.Sprintf("FWM  %08X %s %s", s.Mark, s.Scheduler, ops)
	case s.VIP.Is6():
		line = fmt.Sprintf("%s  %s:%04X %s ", s.Protocol, bracketed(s.VIP), s.Port, s.Scheduler)
	default:
		line = fmt.Sprintf("%s  %s:%04X %s %s ", s.Protocol, bracketed(s.VIP), s.Port, s.Scheduler, ops)
	}
	if s.Persistence == 0 {
		return line + "\n"
	}
	return line + fmt.Sprintf("persistent %d %08X\n", int(s.Persistence.Seconds())*hz, mask(s))
}

// mask returns the netmask of a persistent service as the kernel has it. Of IPv6
// it is the length of the prefix, which the file shows with its bytes reversed.
func mask(s *dataplane.ServiceStatus) uint32 {
	if s.VIP.Is6() {
		return bits.ReverseBytes32(uint32(s.MaskBits))
	}
	return ^uint32(0) << (32 - s.MaskBits)
}

// methodText returns the word for m. The kernel has none for bypass.
func methodText(m lvs.Method) string {
	if m == lvs.Bypass {
		return lvs.NAT.String()
	}
	return m.String()
}

// bracketed returns a in full: eight hexadecimal digits, or eight groups of four
// in brackets.
func bracketed(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.StringExpanded() + "]"
	}
	return fmt.Sprintf("%08X", a.As4())
}
