package dataplane

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// ErrHostPorts is wrapped by Apply when local addresses of fullnat share ports
// with the host's own connections.
var ErrHostPorts = errors.New("the host's own ports")

// planLocals returns where the fullnat connections of s come from, nil if it has
// none: from where those of old do, if that is what is wanted.
func (p *plan) planLocals(s, old *serviceState) (*conntrack.Locals, error) {
	if s.ranges = p.rangesOf(&s.want); old != nil && slices.Equal(s.ranges, old.ranges) {
		return old.service.locals, nil
	}
	list := make([]conntrack.LocalRange, len(s.ranges))
	for i, r := range s.ranges {
		if err := p.checkHostPorts(r); err != nil {
			return nil, err
		}
		list[i] = conntrack.LocalRange{Addr: lvs.AddrFrom(r.Addr), First: r.First, Last: r.Last}
	}
	for _, r := range s.ranges {
		p.open(r)
	}
	if old != nil {
		for _, r := range old.ranges {
			p.pools[r]--
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return p.d.table.NewLocals(list)
}

// rangesOf returns the local addresses of a service, none if it needs none. The
// slice is the caller's.
func (p *plan) rangesOf(s *config.Service) []config.LocalRange {
	if !hasFullNAT(s) {
		return nil
	}
	return slices.Clone(p.config.LocalsOf(s))
}

// open plans that one more service takes ports of r.
func (p *plan) open(r config.LocalRange) {
	_, there := p.d.pools[r]
	if _, again := p.pools[r]; !there && !again {
		p.use(lvs.AddrFrom(r.Addr), 1, use{local: 1, wanted: 1})
		p.claim(1, func(rules steer.Rules) { rules.AddPool(0, lvs.AddrFrom(r.Addr), r.First, r.Last) })
	}
	p.pools[r]++
}

// shut plans that r, which no service takes ports of, is given up.
func (p *plan) shut(r config.LocalRange) {
	p.closed = append(p.closed, r)
	p.use(lvs.AddrFrom(r.Addr), -1, use{local: 1, wanted: 1})
	p.claim(-1, func(rules steer.Rules) { rules.AddPool(0, lvs.AddrFrom(r.Addr), r.First, r.Last) })
}

func hasFullNAT(s *config.Service) bool {
	for i := range s.Reals {
		if s.Reals[i].Method == lvs.FullNAT {
			return true
		}
	}
	return false
}

// hostPorts says which ports the kernel gives to the host's own connections.
const hostPorts = "/proc/sys/net/ipv4/ip_local_port_range"

// checkHostPorts refuses a range on one of the host's own addresses if the kernel
// takes ports of it for the host's connections: their answers would be taken for
// a real server's.
func (p *plan) checkHostPorts(r config.LocalRange) error {
	if !p.held[lvs.AddrFrom(r.Addr)] {
		return nil
	}
	text, err := os.ReadFile(hostPorts)
	if err != nil {
		return fmt.Errorf("local address %v: %w", r, err)
	}
	var first, last uint16
	if _, err := fmt.Sscan(string(text), &first, &last); err != nil {
		return fmt.Errorf("local address %v: read %s: %w", r, hostPorts, err)
	}
	if r.First <= last && first <= r.Last {
		return fmt.Errorf("local address %v is on an interface of this host: %w are %d to %d (ip_local_port_range): name others, as in %q",
			r, ErrHostPorts, first, last, config.LocalRange{Addr: r.Addr, First: 1024, Last: first - 1}.String())
	}
	return nil
}

// How much of a service's local ports is taken when it is said, and when it may
// be said again.
const (
	portsScarce = 90 // percent
	portsEnough = 80
)

// sends reports whether the real server that u is of is one of s's.
func (s *serviceState) sends(u conntrack.Usage) bool {
	return slices.ContainsFunc(s.destinations, func(d *destination) bool {
		return d.addr == u.Real && (d.key.Port == u.Port || d.key.Port == 0) && (s.want.Protocol == u.Proto || s.want.Mark != 0)
	})
}

// watchLocals warns of services whose local ports run out. The caller holds mu.
func (d *Director) watchLocals() {
	for _, s := range d.services {
		if s.service.locals == nil {
			continue
		}
		switch u := s.service.locals.UsageOf(s.sends); {
		case u.Percent >= portsScarce && !s.scarce:
			s.scarce = true
			d.warn(fmt.Errorf("service %v: %d of %d local ports towards %v are taken, and up to %d %% of those that one client can have: name more local_addresses",
				s.key(), u.Used, u.Total, u.Real, u.Percent))
		case u.Percent < portsEnough:
			s.scarce = false
		}
	}
}
