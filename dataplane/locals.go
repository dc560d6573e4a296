package dataplane

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/lvs"
)

// ErrHostPorts is wrapped by Apply when local addresses of fullnat share ports
// with the host's own connections.
var ErrHostPorts = errors.New("the host's own ports")

// planLocals returns where the fullnat connections of a service come from, nil
// for a service that has none.
func (d *Director) planLocals(p *plan, s *config.Service) (*conntrack.Locals, error) {
	if !hasFullNAT(s) {
		return nil, nil
	}
	ranges := s.LocalAddresses
	if len(ranges) == 0 {
		ranges = p.locals
	}
	list := make([]conntrack.LocalRange, len(ranges))
	for i, r := range ranges {
		if err := d.checkHostPorts(r); err != nil {
			return nil, err
		}
		list[i] = conntrack.LocalRange{Addr: lvs.AddrFrom(r.Addr), First: r.First, Last: r.Last}
		p.pools[r] = true
	}
	return d.table.NewLocals(list)
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
func (d *Director) checkHostPorts(r config.LocalRange) error {
	addr, held := lvs.AddrFrom(r.Addr), false
	for _, a := range d.router.Locals() {
		held = held || a == addr
	}
	if !held {
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
		return d.addr == u.Real && (d.key.Port == u.Port || d.key.Port == 0) && (s.key.Protocol == u.Proto || s.key.Mark != 0)
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
				s.key, u.Used, u.Total, u.Real, u.Percent))
		case u.Percent < portsEnough:
			s.scarce = false
		}
	}
}

// forgetLocals gives up the local addresses that no service names any more and no
// connection has.
func (d *Director) forgetLocals() {
	stale := d.staleLocals()
	if len(stale) == 0 {
		return
	}
	used := map[lvs.Addr]bool{}
	for c := range d.table.All() { // which may take long: without mu
		if c.Method == lvs.FullNAT {
			used[c.Local] = true
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	pools := maps.Clone(d.pools) // what is in force may be read by a plan
	for _, r := range stale {
		if !used[lvs.AddrFrom(r.Addr)] && !takes(d.config, r) {
			delete(pools, r)
		}
	}
	if len(pools) < len(d.pools) {
		d.pools = pools
		d.refresh()
	}
}

// staleLocals returns the local addresses that no service names any more.
func (d *Director) staleLocals() (stale []config.LocalRange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for r := range d.pools {
		if !takes(d.config, r) {
			stale = append(stale, r)
		}
	}
	return stale
}

// takes reports whether a service of c takes local addresses from r.
func takes(c *config.Config, r config.LocalRange) bool {
	return slices.ContainsFunc(c.Services, func(s config.Service) bool {
		return hasFullNAT(&s) && slices.Contains(c.LocalsOf(&s), r)
	})
}
