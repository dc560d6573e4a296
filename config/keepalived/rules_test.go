package keepalived

import (
	"fmt"
	"strings"

	"xlvs/config"
	"xlvs/lvs"
)

// rules returns services as rules of ipvsadm, so that a test says what it wants
// in words that every operator knows.
func rules(c *config.Config) string {
	var b strings.Builder
	d := config.Default().Timeouts
	if c.Timeouts != d {
		fmt.Fprintf(&b, "--set %v %v %v\n", c.Timeouts.TCP.Seconds(), c.Timeouts.TCPFin.Seconds(), c.Timeouts.UDP.Seconds())
	}
	for _, s := range c.Services {
		fmt.Fprintf(&b, "-A %s -s %s", s.ServiceKey, s.Scheduler)
		if names := s.Flags.Names(s.Scheduler); len(names) > 0 {
			fmt.Fprintf(&b, " -b %s", strings.Join(names, ","))
		}
		if s.Persistence != 0 {
			fmt.Fprintf(&b, " -p %v -M %d", s.Persistence.Seconds(), s.MaskBits)
		}
		if s.Engine != "" {
			fmt.Fprintf(&b, " --pe %s", s.Engine)
		}
		if s.OnePacket {
			b.WriteString(" -o")
		}
		b.WriteString("\n")
		for _, r := range s.Reals {
			b.WriteString("-a -r " + realRule(r) + "\n")
		}
	}
	return b.String()
}

// realRule returns what follows -r.
func realRule(r config.Real) string {
	method := map[lvs.Method]string{lvs.NAT: "-m", lvs.DirectRouting: "-g", lvs.Tunnel: "-i"}[r.Method]
	text := fmt.Sprintf("%s %s -w %d", r.RealKey, method, r.Weight)
	if r.Tunnel != lvs.TunnelIPIP {
		text += fmt.Sprintf(" --tun-type %s", r.Tunnel)
	}
	if r.TunnelPort != 0 {
		text += fmt.Sprintf(" --tun-port %d", r.TunnelPort)
	}
	if r.TunnelFlags != lvs.TunnelNoCsum {
		text += fmt.Sprintf(" --tun-%s", r.TunnelFlags)
	}
	if r.Upper != 0 || r.Lower != 0 {
		text += fmt.Sprintf(" -x %d -y %d", r.Upper, r.Lower)
	}
	return text
}
