package config

import (
	"fmt"

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
	for i := range c.Services {
		s := &c.Services[i]
		for _, w := range s.warnings() {
			warn("service %v: %s", s, w)
		}
	}
	return warnings
}

// wants reports whether a service takes packets by the mark that m gives.
func (c *Config) wants(m *Mark) bool {
	for i := range c.Services {
		if key := c.Services[i].ServiceKey; key.byMark() && m.mayGive(key) {
			return true
		}
	}
	return false
}

// warnings returns what s says to no effect.
func (s *Service) warnings() (warnings []string) {
	if s.OnePacket && !s.byMark() && s.Protocol != lvs.UDP {
		warnings = append(warnings, "one_packet has no effect: only UDP packets are scheduled one by one")
	}
	if s.Persistence == 0 && s.MaskBits != 0 {
		warnings = append(warnings, fmt.Sprintf("netmask %d has no effect: there is no persistence", s.MaskBits))
	}
	for i := range s.Reals {
		r := &s.Reals[i]
		if r.Method == lvs.NAT && r.Port != 0 && s.Port == 0 && s.Persistence != 0 {
			warnings = append(warnings,
				fmt.Sprintf("real %v: port %d has no effect: with persistence packets keep theirs", r, r.Port))
		}
	}
	return warnings
}
