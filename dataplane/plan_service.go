package dataplane

import (
	"errors"
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/lvs"
	"xlvs/sched"
)

// ErrNoService is wrapped by what is asked about a service that there is not.
var ErrNoService = errors.New("no such service")

// drop plans that the service of key goes.
func (p *plan) drop(key config.ServiceKey) error {
	s := p.present(key)
	if s == nil {
		return fmt.Errorf("remove service %v: %w", key, ErrNoService)
	}
	p.next[s] = nil
	p.dropped = append(p.dropped, s)
	for _, dest := range s.destinations {
		p.removed.add(dest)
	}
	p.list(s, -1)
	for _, r := range s.ranges {
		p.pools[r]--
	}
	p.resource(s, nil)
	return nil
}

// put plans a service as it is wanted, in the place of that of its key, if there is
// one.
func (p *plan) put(want *config.Service) error {
	s, old := &serviceState{want: *want}, p.present(want.ServiceKey)
	s.want.Reals, s.want.LocalAddresses = slices.Clone(want.Reals), slices.Clone(want.LocalAddresses)
	if old != nil {
		s.gone, s.zero, s.estimator, s.scarce = old.gone, old.zero, old.estimator, old.scarce
	}
	if err := p.planService(s, old); err != nil {
		return err
	}
	if err := p.planDestinations(s, old); err != nil {
		return err
	}
	p.set = append(p.set, s)
	if old != nil {
		p.next[old] = s
	} else {
		p.added = append(p.added, s)
		p.list(s, 1)
	}
	p.resource(old, s)
	return nil
}

// planService makes what workers have of s: what they have of old, if that is what
// is wanted.
func (p *plan) planService(s, old *serviceState) error {
	want, next := &s.want, service{}
	var err error
	if next.locals, err = p.planLocals(s, old); err != nil {
		return err
	}
	if old != nil && old.service.name == want.Scheduler && old.service.flags == want.Flags {
		next.scheduler, s.scheduled = old.service.scheduler, old.scheduled
	} else if next.scheduler, err = sched.New(want.Scheduler, sched.Options{Loads: p.d.loads, Flags: want.Flags}); err != nil {
		return err
	}
	if old == nil {
		next.scheduler.Set(nil) // as the kernel's, which get one destination after the other
	}
	next.key, next.name, next.flags = want.ServiceKey, want.Scheduler, want.Flags
	next.persistence, next.maskBits, next.engine, next.onePacket = want.Persistence, want.MaskBits, want.Engine, want.OnePacket
	if old != nil && *old.service == next {
		s.service = old.service
		return nil
	}
	s.service = &next
	k := want.ServiceKey
	if k.Mark != 0 {
		p.byMark.set(markKeyOf(k), s.service)
	} else {
		p.endpoints.set(serviceKey{lvs.AddrFrom(k.VIP), k.Port, k.Protocol}, s.service)
	}
	return nil
}

// planDestinations makes the destinations of s out of those of old.
func (p *plan) planDestinations(s, old *serviceState) error {
	wanted := make(map[config.RealKey]*config.Real, len(s.want.Reals))
	for i := range s.want.Reals {
		wanted[s.want.Reals[i].RealKey] = &s.want.Reals[i]
	}
	var stay, added []*destination
	if old != nil {
		for _, dest := range old.destinations {
			r := wanted[dest.key]
			if r == nil {
				p.removed.add(dest)
				continue
			}
			s.edited = s.edited || dest.edited(&s.want, r)
			stay = append(stay, p.keep(dest, &s.want, r))
			delete(wanted, dest.key)
		}
	}
	for i := range s.want.Reals {
		r := &s.want.Reals[i]
		if wanted[r.RealKey] != r {
			continue
		}
		dest, err := p.add(&s.want, r)
		if err != nil {
			return fmt.Errorf("real server %v: %w", r.RealKey, err)
		}
		added = append(added, dest)
	}
	slices.Reverse(added) // the latest comes first
	s.destinations = append(added, stay...)
	return nil
}

// edited reports whether r asks for anything else of dest than a weight.
func (dest *destination) edited(s *config.Service, r *config.Real) bool {
	return dest.upper != r.Upper || dest.lower != r.Lower || dest.shape != shapeOf(s, r)
}

// keep returns dest as r wants it, under the same number.
func (p *plan) keep(dest *destination, s *config.Service, r *config.Real) *destination {
	if dest.shape != shapeOf(s, r) {
		next := newDestination(dest.id, s, r)
		next.lastWeight, next.estimator, next.zero = dest.lastWeight, dest.estimator, dest.zero
		if next.tunnel == nil {
			next.tunnel = dest.tunnel // connections that began in it stay there
		}
		next.masqueraded = next.masqueraded || dest.masqueraded // likewise
		p.enlist(dest, -1)
		p.enlist(next, 1)
		dest = next
		p.ids()[dest.id] = dest
	}
	p.kept = append(p.kept, keptReal{dest, r})
	return dest
}

// add returns the destination for r: out of the trash, where its connections and
// counters still are, be it that it was to go there, or new under the lowest free
// number.
func (p *plan) add(want *config.Service, r *config.Real) (*destination, error) {
	for _, t := range [...]trash{p.removed, p.d.trash} {
		if dest := t[want.ServiceKey][r.RealKey]; dest != nil {
			p.removed.remove(dest)
			p.revived = append(p.revived, dest)
			return p.keep(dest, want, r), nil
		}
	}
	id := max(p.nextID, 1)
	for id < len(p.byID) && p.byID[id] != nil {
		id++
	}
	p.nextID = id + 1
	if id >= lvs.MaxDestinations {
		return nil, fmt.Errorf("more than %d destinations", lvs.MaxDestinations-1)
	}
	dest := newDestination(lvs.DestID(id), want, r)
	if id == len(p.byID) {
		p.byID = append(p.ids(), nil)
	}
	p.ids()[id] = dest
	p.enlist(dest, 1)
	return p.keep(dest, want, r), nil
}

// forget plans that nothing is left of dest, which is in the trash.
func (p *plan) forget(dest *destination) {
	p.forgotten = append(p.forgotten, dest)
	p.ids()[dest.id] = nil
	p.enlist(dest, -1)
}
