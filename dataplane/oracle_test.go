package dataplane

import (
	"fmt"
	"maps"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// What a ledger adds up step by step is said here at once, of all that there is.

// plainMarks returns the rules in list whose marks have a service, or had one that
// still has destinations.
func (d *Director) plainMarks(list []config.Mark) []config.Mark {
	return slices.DeleteFunc(slices.Clone(list), func(m config.Mark) bool {
		gives := func(k config.ServiceKey) bool { return k.Mark != 0 && markKeyOf(k) == giving(&m) }
		return !slices.ContainsFunc(d.services, func(s *serviceState) bool { return gives(s.key()) }) &&
			!slices.ContainsFunc(d.byID, func(dest *destination) bool { return dest != nil && gives(dest.service) })
	})
}

// plainRoles returns what each address is.
func (d *Director) plainRoles() map[lvs.Addr]roles {
	m := map[lvs.Addr]roles{}
	wanted := func(a lvs.Addr) {
		if !slices.Contains(d.router.Locals(), a) {
			m[a] |= roleUnheld
		}
	}
	for _, s := range d.services {
		if k := s.key(); k.Mark == 0 {
			m[lvs.AddrFrom(k.VIP)] |= roleVirtual
			wanted(lvs.AddrFrom(k.VIP))
		}
	}
	for i, list := range [][]config.Mark{d.plainMarks(d.config.Marks), d.plainMarks(d.former)} {
		for _, rule := range list {
			if a := lvs.AddrFrom(rule.Destination.Addr()); rule.Destination.IsSingleIP() {
				if m[a] |= roleVirtual; i == 0 {
					wanted(a)
				}
			}
		}
	}
	for r := range d.pools {
		m[lvs.AddrFrom(r.Addr)] |= roleLocal
		wanted(lvs.AddrFrom(r.Addr))
	}
	for _, dest := range d.byID[1:] {
		if dest != nil && dest.service.Mark == 0 {
			m[lvs.AddrFrom(dest.service.VIP)] |= roleVirtual
		}
		if dest != nil && dest.masqueraded {
			m[dest.addr] |= roleReal
		}
	}
	return m
}

// plainRules returns all that the filter has to know but of clients.
func (d *Director) plainRules() steer.Rules {
	r := steer.Rules{}
	for _, s := range d.services {
		addService(r, s.key(), d.config.FTPPorts)
	}
	for _, m := range append(d.plainMarks(d.config.Marks), d.plainMarks(d.former)...) {
		addMark(r, &m)
	}
	for _, dest := range d.byID[1:] {
		if dest != nil {
			addDestination(r, dest, d.config.FTPPorts)
		}
	}
	for l := range d.pools {
		r.AddPool(0, lvs.AddrFrom(l.Addr), l.First, l.Last)
	}
	for _, a := range d.router.Locals() {
		r.AddLocal(a)
	}
	for a, role := range d.plainRoles() {
		if role&roleUnheld != 0 {
			r.AddUnheld(a)
		}
	}
	return r
}

// plainSources returns whose packets from an endpoint are.
func (d *Director) plainSources() map[serviceKey]*destination {
	m := map[serviceKey]*destination{}
	services := slices.SortedFunc(slices.Values(d.services), func(a, b *serviceState) int {
		ka, kb := a.key(), b.key()
		switch {
		case before(&ka, &kb):
			return 1
		case before(&kb, &ka):
			return -1
		}
		return 0
	})
	for _, s := range services { // the first in their order comes last here
		for _, dest := range s.destinations {
			for _, k := range sourceKeys(dest) {
				m[k] = dest
			}
		}
	}
	return m
}

// disagreements returns what of the state of d is not as it would be, were it made
// at once. rules are the filter's.
func (d *Director) disagreements(rules steer.Rules) (list []string) {
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if want := d.plainRules(); !maps.Equal(rules, want) {
		say("rules are %v, want %v", rules, want)
	}
	s, unheld := d.snapshot.Load(), 0
	for a, want := range d.plainRoles() {
		if got := s.roles.of(a); got != want {
			say("%v is %b, want %b", a, got, want)
		}
		if (want&roleUnheld != 0) != d.unheld[a] {
			say("%v is unheld: %t", a, d.unheld[a])
		}
		if want&roleUnheld != 0 {
			unheld++
		}
	}
	if len(d.uses) != len(d.plainRoles()) || len(d.unheld) != unheld {
		say("%d addresses, %d unheld, want %d and %d", len(d.uses), len(d.unheld), len(d.plainRoles()), unheld)
	}
	onFTP, anyPorts := 0, 0
	for _, state := range d.services {
		k := state.key()
		tu := lvs.Tuple{Dst: lvs.AddrFrom(k.VIP), DstPort: k.Port, Proto: k.Protocol}
		if got := s.services.find(&tu, k.Mark); got != state.service || d.byKey[k] != state {
			say("service %v is not found", k)
		}
		if k.Mark == 0 && k.Protocol == lvs.TCP && k.Port == 21 {
			onFTP++
		}
		if k.Mark == 0 && k.Port == 0 {
			anyPorts++
		}
	}
	if len(d.byKey) != len(d.services) || s.services.onFTP != onFTP || s.services.anyPorts != anyPorts {
		say("%d services by key, %d on ports of FTP, %d on all, want %d, %d, %d", len(d.byKey), s.services.onFTP, s.services.anyPorts, len(d.services), onFTP, anyPorts)
	}
	return append(list, d.strangeNumbers(s)...)
}

// strangeNumbers is disagreements about destinations.
func (d *Director) strangeNumbers(s *snapshot) (list []string) {
	sources, n := d.plainSources(), 0
	for k, want := range sources {
		if got, _ := s.natSources.get(k); got == nil || got.destination != want {
			list = append(list, fmt.Sprintf("%v is %v's, want destination %d", k, got, want.id))
		}
	}
	for _, b := range s.natSources.buckets {
		n += len(b)
	}
	if n != len(sources) {
		list = append(list, fmt.Sprintf("%d sources, want %d", n, len(sources)))
	}
	for id, dest := range d.byID[1:] {
		switch {
		case dest == nil:
		case s.destination(dest.id) != dest || int(dest.id) != id+1:
			list = append(list, fmt.Sprintf("destination %d is %d", id+1, dest.id))
		case dest.removed.Load() != (d.trash[dest.service][dest.key] == dest):
			list = append(list, fmt.Sprintf("destination %d is removed: %t", dest.id, dest.removed.Load()))
		}
	}
	return list
}
