package dataplane

import (
	"slices"

	"xlvs/config"
)

// difference returns what makes the present services those of c, but for their
// order. Both are valid.
func (p *plan) difference(c *config.Config) config.Patch {
	var diff config.Patch
	stays := make(map[*serviceState]bool, len(p.d.services))
	for i := range c.Services {
		want := &c.Services[i]
		s := p.d.byKey[want.ServiceKey]
		stays[s] = true
		if s == nil || !sameService(&s.want, want) || !slices.Equal(s.ranges, p.rangesOf(want)) {
			diff.Set = append(diff.Set, *want)
		}
	}
	for _, s := range p.d.services {
		if !stays[s] {
			diff.Removed = append(diff.Removed, s.key())
		}
	}
	return diff
}

// sameService reports whether a and b ask for the same.
func sameService(a, b *config.Service) bool {
	return a.ServiceKey == b.ServiceKey && a.Scheduler == b.Scheduler && a.Flags == b.Flags &&
		a.Persistence == b.Persistence && a.MaskBits == b.MaskBits && a.Engine == b.Engine && a.OnePacket == b.OnePacket &&
		a.ClientAddress == b.ClientAddress && a.MSSClamp == b.MSSClamp &&
		slices.Equal(a.LocalAddresses, b.LocalAddresses) && slices.Equal(a.Reals, b.Reals)
}

// settingsOf returns a copy of c without its services.
func settingsOf(c *config.Config) *config.Config {
	own := *c
	own.Services = nil
	own.LocalAddresses, own.FTPPorts, own.Marks = slices.Clone(c.LocalAddresses), slices.Clone(c.FTPPorts), slices.Clone(c.Marks)
	for i := range own.Marks {
		m := &own.Marks[i]
		m.SourcePorts, m.Ports = slices.Clone(m.SourcePorts), slices.Clone(m.Ports)
	}
	return &own
}
