package dataplane

import (
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
	"xlvs/sched"
)

// A plan is the next state, made aside: nothing of it is in force yet.
type plan struct {
	services []*serviceState
	trash    []*destination
	byID     []*destination
	removed  []*destination // to the trash
	revived  []*destination // from the trash, or unchanged
	weights  map[*destination]int
	nextID   int // where the search for a free number goes on
	rules    steer.Rules
}

// plan does everything that can fail.
func (d *Director) plan(c *config.Config) (*plan, error) {
	p := &plan{byID: slices.Clone(d.byID), trash: slices.Clone(d.trash), weights: map[*destination]int{}}
	old := map[config.ServiceKey]*serviceState{}
	for _, s := range d.services {
		old[s.key] = s
	}
	for i := range c.Services {
		want := &c.Services[i]
		s, err := d.planService(p, want, old[want.ServiceKey])
		if err != nil {
			return nil, fmt.Errorf("service %v: %w", want.ServiceKey, err)
		}
		p.services = append(p.services, s)
		delete(old, want.ServiceKey)
	}
	for _, s := range old {
		p.discard(s.destinations)
	}
	p.rules = p.makeRules(d.router.Locals())
	return p, nil
}

// planService returns the next state of one service; old is nil for a new one.
func (d *Director) planService(p *plan, want *config.Service, old *serviceState) (*serviceState, error) {
	svc, err := d.planScheduler(want, old)
	if err != nil {
		return nil, err
	}
	s := &serviceState{key: want.ServiceKey, service: svc}
	var have []*destination
	if old != nil {
		have = old.destinations
	}
	wanted := map[config.RealKey]*config.Real{}
	for i := range want.Reals {
		wanted[want.Reals[i].RealKey] = &want.Reals[i]
	}
	for _, dest := range have {
		r := wanted[dest.key]
		if r == nil {
			p.discard([]*destination{dest})
			continue
		}
		s.destinations = append(s.destinations, p.keep(dest, r))
		delete(wanted, dest.key)
	}
	var added []*destination
	for i := range want.Reals {
		r := &want.Reals[i]
		if wanted[r.RealKey] == nil {
			continue
		}
		dest, err := p.add(want.ServiceKey, r)
		if err != nil {
			return nil, fmt.Errorf("real server %v: %w", r.RealKey, err)
		}
		added = append(added, dest)
	}
	slices.Reverse(added) // the latest comes first
	s.destinations = append(added, s.destinations...)
	return s, nil
}

// planScheduler returns the service with the scheduler that is wanted: as it is,
// or a new one in which nothing but the counters is kept.
func (d *Director) planScheduler(want *config.Service, old *serviceState) (*service, error) {
	if old != nil && old.service.name == want.Scheduler {
		return old.service, nil
	}
	scheduler, err := sched.New(want.Scheduler, d.loads)
	if err != nil {
		return nil, err
	}
	s := &service{name: want.Scheduler, scheduler: scheduler}
	if old != nil {
		s.gone = old.service.gone
	}
	return s, nil
}

// keep returns dest as r wants it, under the same number.
func (p *plan) keep(dest *destination, r *config.Real) *destination {
	if dest.method != r.Method {
		dest = &destination{id: dest.id, service: dest.service, key: dest.key, addr: dest.addr, method: r.Method}
		p.byID[dest.id] = dest
	}
	p.weights[dest] = r.Weight
	p.revived = append(p.revived, dest)
	return dest
}

// add returns the destination for r: out of the trash, where its connections and
// counters still are, or new under the lowest free number.
func (p *plan) add(service config.ServiceKey, r *config.Real) (*destination, error) {
	for i, dest := range p.trash {
		if dest.service == service && dest.key == r.RealKey {
			p.trash = slices.Delete(p.trash, i, i+1)
			return p.keep(dest, r), nil
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
	dest := &destination{id: lvs.DestID(id), service: service, key: r.RealKey, addr: lvs.AddrFrom(r.Addr), method: r.Method}
	if id == len(p.byID) {
		p.byID = append(p.byID, nil)
	}
	p.byID[id] = dest
	return p.keep(dest, r), nil
}

func (p *plan) discard(dests []*destination) {
	p.trash = append(p.trash, dests...)
	p.removed = append(p.removed, dests...)
}

// makeRules tells the classifier about services and where replies come from.
// What is in the trash still has connections, so it is told about that too.
func (p *plan) makeRules(locals []lvs.Addr) steer.Rules {
	r := steer.Rules{}
	for _, s := range p.services {
		r.AddService(s.key.Protocol, lvs.AddrFrom(s.key.VIP), s.key.Port)
	}
	for _, dest := range p.byID {
		if dest == nil {
			continue
		}
		k := dest.service
		vip := lvs.AddrFrom(k.VIP)
		r.AddService(k.Protocol, vip, k.Port)
		if dest.method == lvs.NAT {
			r.AddReply(k.Protocol, dest.addr, dest.key.Port)
		} else {
			r.AddReply(k.Protocol, vip, k.Port)
		}
	}
	for _, a := range locals {
		r.AddLocal(a)
	}
	for _, vip := range p.unheld(locals) {
		r.AddUnheld(vip)
	}
	return r
}

// unheld returns the VIPs of services that no interface of the host holds, in no
// order.
func (p *plan) unheld(locals []lvs.Addr) []lvs.Addr {
	held := map[lvs.Addr]bool{}
	for _, a := range locals {
		held[a] = true
	}
	var list []lvs.Addr
	for _, s := range p.services {
		if vip := lvs.AddrFrom(s.key.VIP); !held[vip] {
			held[vip] = true // for the next service on it
			list = append(list, vip)
		}
	}
	return list
}
