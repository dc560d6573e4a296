package config

import (
	"fmt"
	"slices"

	"xlvs/lvs"
)

// Warnings returns what c, which is valid, says to no effect: each a line that
// names the setting and why. A setting at its default is none, whether the file
// mentions it or not.
func (c *Config) Warnings() (warnings []string) {
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	defaults := lvs.DefaultSysctls()
	for i := range lvs.SysctlTable {
		k := &lvs.SysctlTable[i]
		if v := sysctlValue(&c.Sysctl, k); k.Unused != "" && v != sysctlValue(&defaults, k) {
			warn("sysctl: %s %v has no effect: %s", k.Name, v, k.Unused)
		}
	}
	for i := range c.Marks {
		if m := &c.Marks[i]; !c.wants(m) {
			warn("%v has no effect: no service of this family has mark %d", m, m.Mark)
		}
	}
	if len(c.LocalAddresses) > 0 && !slices.ContainsFunc(c.Services, takesGlobalLocals) {
		warn("fullnat: local_addresses %s has no effect: no service with a fullnat real server lacks its own", localText(c.LocalAddresses))
	}
	for i := range c.Services {
		s := &c.Services[i]
		if s.byMark() && !c.gives(s.ServiceKey) {
			warn("service %v: gets no packets: no [[mark]] with a destination of this family gives its mark", s)
		}
		for _, w := range s.warnings() {
			warn("service %v: %s", s, w)
		}
	}
	return warnings
}

// takesGlobalLocals reports whether s needs local addresses and has none itself.
func takesGlobalLocals(s Service) bool {
	return len(s.LocalAddresses) == 0 && s.firstBy(lvs.FullNAT) != nil
}

// wants reports whether a service takes packets by the mark that m gives.
func (c *Config) wants(m *Mark) bool {
	for i := range c.Services {
		if key := c.Services[i].ServiceKey; key.byMark() && m.gives(key) {
			return true
		}
	}
	return false
}

// gives reports whether a rule can give the packets of a mark service its mark.
func (c *Config) gives(k ServiceKey) bool {
	return slices.ContainsFunc(c.Marks, func(m Mark) bool { return m.gives(k) })
}

// warnings returns what s says to no effect.
func (s *Service) warnings() (warnings []string) {
	if s.OnePacket && !s.byMark() && s.Protocol != lvs.UDP {
		warnings = append(warnings, "one_packet has no effect: only UDP packets are scheduled one by one")
	}
	if s.Persistence == 0 && s.MaskBits != 0 {
		warnings = append(warnings, fmt.Sprintf("netmask %d has no effect: there is no persistence", s.MaskBits))
	}
	switch {
	case s.Engine == "":
	case s.Persistence == 0:
		warnings = append(warnings, "engine "+s.Engine+" has no effect: there is no persistence")
	case !s.byMark() && s.Protocol != lvs.UDP:
		warnings = append(warnings, "engine "+s.Engine+" lets no packet in: only UDP carries a Call-ID here")
	}
	warnings = append(warnings, s.methodWarnings()...)
	for i := range s.Reals {
		r := &s.Reals[i]
		if (r.Method == lvs.NAT || r.Method == lvs.FullNAT) && r.Port != 0 && s.Port == 0 && s.Persistence != 0 {
			warnings = append(warnings,
				fmt.Sprintf("real %v: port %d has no effect: with persistence packets keep theirs", r, r.Port))
		}
	}
	return warnings
}

// methodWarnings returns what s says that none of its real servers is reached by.
func (s *Service) methodWarnings() (warnings []string) {
	vain := func(setting, why string) {
		warnings = append(warnings, fmt.Sprintf("%s has no effect: %s", setting, why))
	}
	if len(s.LocalAddresses) > 0 && s.firstBy(lvs.FullNAT) == nil {
		vain("local_addresses "+localText(s.LocalAddresses), "no real server is behind fullnat")
	}
	if s.ClientAddress != NoClientAddress && s.firstBy(lvs.NAT, lvs.FullNAT) == nil {
		vain("client_address "+s.ClientAddress.String(), "no real server is behind nat or fullnat")
	}
	switch {
	case !s.MSSClamp:
	case !s.byMark() && s.Protocol != lvs.TCP:
		vain("mss_clamp", "only TCP has an MSS")
	case s.firstBy(lvs.Tunnel, lvs.FullNAT) == nil:
		vain("mss_clamp", "no real server is behind tun or fullnat")
	}
	return warnings
}
