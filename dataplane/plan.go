package dataplane

import (
	"fmt"
	"maps"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/mark"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
	"xlvs/sched"
)

// A plan is the next state, made aside: nothing of it is in force yet.
type plan struct {
	services []*serviceState
	trash    []*destination
	byID     []*destination
	marks    []config.Mark
	locals   []config.LocalRange // the director's, for services without their own
	pools    map[config.LocalRange]bool
	rules    steer.Rules
	marking  *mark.Rules

	dropped []*serviceState               // services that are no more
	removed []*destination                // to the trash
	kept    map[*destination]*config.Real // what is not, as it is wanted
	nextID  int                           // where the search for a free number goes on
}

// plan does everything that can fail.
func (d *Director) plan(c *config.Config) (*plan, error) {
	p := &plan{
		byID: slices.Clone(d.byID), trash: slices.Clone(d.trash), marks: c.Marks, locals: c.LocalAddresses, pools: maps.Clone(d.pools),
		kept: map[*destination]*config.Real{},
	}
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
		p.dropped = append(p.dropped, s)
		p.discard(s.destinations)
	}
	var err error
	if p.marking, err = d.planMarks(c.Marks); err != nil {
		return nil, err
	}
	p.rules = p.makeRules(d.router.Locals())
	return p, nil
}

// planService returns the next state of one service; old is nil for a new one.
func (d *Director) planService(p *plan, want *config.Service, old *serviceState) (*serviceState, error) {
	scheduler, err := d.planScheduler(want, old)
	if err != nil {
		return nil, err
	}
	locals, err := d.planLocals(p, want)
	if err != nil {
		return nil, err
	}
	s := &serviceState{key: want.ServiceKey, service: &service{
		key: want.ServiceKey, name: want.Scheduler, flags: want.Flags, scheduler: scheduler,
		persistence: want.Persistence, maskBits: want.MaskBits, engine: want.Engine, onePacket: want.OnePacket, locals: locals,
	}}
	var have []*destination
	if old != nil {
		s.gone, s.estimator, s.scarce, have = old.gone, old.estimator, old.scarce, old.destinations
		if scheduler == old.service.scheduler {
			s.scheduled = old.scheduled
		}
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
		s.destinations = append(s.destinations, p.keep(dest, want, r))
		delete(wanted, dest.key)
	}
	var added []*destination
	for i := range want.Reals {
		r := &want.Reals[i]
		if wanted[r.RealKey] == nil {
			continue
		}
		dest, err := p.add(want, r)
		if err != nil {
			return nil, fmt.Errorf("real server %v: %w", r.RealKey, err)
		}
		added = append(added, dest)
	}
	slices.Reverse(added) // the latest comes first
	s.destinations = append(added, s.destinations...)
	return s, nil
}

// planScheduler returns the scheduler that is wanted: the service's own as it is,
// or a new one.
func (d *Director) planScheduler(want *config.Service, old *serviceState) (sched.Scheduler, error) {
	if old != nil && old.service.name == want.Scheduler && old.service.flags == want.Flags {
		return old.service.scheduler, nil
	}
	return sched.New(want.Scheduler, sched.Options{Loads: d.loads, Flags: want.Flags})
}

// keep returns dest as r wants it, under the same number.
func (p *plan) keep(dest *destination, s *config.Service, r *config.Real) *destination {
	if dest.shape != shapeOf(s, r) {
		next := newDestination(dest.id, s, r)
		next.lastWeight, next.estimator = dest.lastWeight, dest.estimator
		if next.tunnel == nil {
			next.tunnel = dest.tunnel // connections that began in it stay there
		}
		next.masqueraded = next.masqueraded || dest.masqueraded // likewise
		dest = next
		p.byID[dest.id] = dest
	}
	p.kept[dest] = r
	return dest
}

// add returns the destination for r: out of the trash, where its connections and
// counters still are, or new under the lowest free number.
func (p *plan) add(want *config.Service, r *config.Real) (*destination, error) {
	for i, dest := range p.trash {
		if dest.service == want.ServiceKey && dest.key == r.RealKey {
			p.trash = slices.Delete(p.trash, i, i+1)
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
		p.byID = append(p.byID, nil)
	}
	p.byID[id] = dest
	return p.keep(dest, want, r), nil
}

func (p *plan) discard(dests []*destination) {
	p.trash = append(p.trash, dests...)
	p.removed = append(p.removed, dests...)
}

// planMarks returns the rules of firewall marks as packets are held against them.
func (d *Director) planMarks(marks []config.Mark) (*mark.Rules, error) {
	rules := make([]mark.Rule, len(marks))
	for i, m := range marks {
		r := mark.Rule{
			Mark: m.Mark, Source: m.Source, Destination: m.Destination, Proto: m.Protocol,
			SourcePorts: portRanges(m.SourcePorts), Ports: portRanges(m.Ports), Port: mark.AnyPort,
		}
		if m.Interface != "" {
			port := slices.IndexFunc(d.ports, func(p port) bool { return p.Name == m.Interface })
			if port < 0 {
				return nil, fmt.Errorf("mark %d: interface %s is none of the director's", m.Mark, m.Interface)
			}
			r.Port = uint16(port)
		}
		rules[i] = r
	}
	return mark.New(rules), nil
}

func portRanges(list []config.PortRange) []mark.Range {
	ranges := make([]mark.Range, len(list))
	for i, r := range list {
		ranges[i] = mark.Range(r)
	}
	return ranges
}
