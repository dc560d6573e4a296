package config

import "xlvs/lvs"

// A Patch is a change of a Config: of some services, and of settings that are
// changed while it is in force. All else stays. It sets no service twice and removes
// none twice; one that it does both to is another from then on.
type Patch struct {
	Timeouts *Timeouts    // nil: as they are
	Sysctl   *lvs.Sysctls // nil: as they are
	Removed  []ServiceKey // of services that are there
	Set      []Service    // each takes the place of the service of its key, or comes after all others
}

// Settings returns those of c once p has been made, without services.
func (p Patch) Settings(c *Config) *Config {
	next := *c
	next.Services = nil
	if p.Timeouts != nil {
		next.Timeouts = *p.Timeouts
	}
	if p.Sysctl != nil {
		next.Sysctl = *p.Sysctl
	}
	return &next
}

// Empty reports whether p changes nothing.
func (p Patch) Empty() bool {
	return p.Timeouts == nil && p.Sysctl == nil && len(p.Removed)+len(p.Set) == 0
}
