package dataplane

import (
	"fmt"
	"slices"
	"time"

	"xlvs/config"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
	"xlvs/sched"
)

// A serviceState is a service as Apply left it.
type serviceState struct {
	key          config.ServiceKey
	service      *service
	destinations []*destination // most recently added first, as the kernel keeps them
}

// A plan is the next state, made aside: nothing of it is in force yet.
type plan struct {
	services []*serviceState
	trash    []*destination
	byID     []*destination
	removed  []*destination // to the trash
	revived  []*destination // from the trash, or unchanged
	weights  map[*destination]int
	rules    steer.Rules
}

// Apply makes c the desired state. Each worker follows at its next batch;
// connections, destination numbers and counters of what stays are kept. If
// Apply fails, nothing has changed. Settings that a director is started with
// (interfaces, mode, workers, table size) are not looked at.
func (d *Director) Apply(c *config.Config) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("apply config: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := d.plan(c)
	if err != nil {
		return fmt.Errorf("apply config: %w", err)
	}
	if err := d.updateFilter(p.rules); err != nil {
		return fmt.Errorf("apply config: %w", err)
	}
	d.commit(c, p)
	d.followHost()
	return nil
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
	s := &serviceState{key: want.ServiceKey}
	var have []*destination
	if old != nil {
		have = old.destinations
		s.service = old.service
	}
	if old == nil || old.service.name != want.Scheduler {
		scheduler, err := sched.New(want.Scheduler, d.loads)
		if err != nil {
			return nil, err
		}
		s.service = &service{name: want.Scheduler, scheduler: scheduler}
		if old != nil {
			s.service.gone = old.service.gone
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
		s.destinations = append(s.destinations, p.keep(dest, r))
		delete(wanted, dest.key)
	}
	for i := range want.Reals {
		r := &want.Reals[i]
		if wanted[r.RealKey] == nil {
			continue
		}
		dest, err := p.add(want.ServiceKey, r)
		if err != nil {
			return nil, fmt.Errorf("real server %v: %w", r.RealKey, err)
		}
		s.destinations = slices.Insert(s.destinations, 0, dest)
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
	id := 1
	for id < len(p.byID) && p.byID[id] != nil {
		id++
	}
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

// commit puts p in force. Nothing here can fail. New destinations are in the
// snapshot before a scheduler may pick them, and removed ones are out of their
// scheduler before they become unavailable.
func (d *Director) commit(c *config.Config, p *plan) {
	for id := range p.byID {
		d.loads.Grow(lvs.DestID(id))
		for _, w := range d.workers {
			w.tally.grow(lvs.DestID(id))
		}
	}
	for _, dest := range p.revived {
		dest.weight = p.weights[dest]
		dest.removed.Store(false)
	}
	d.config, d.services, d.trash, d.byID = c, p.services, p.trash, p.byID
	d.publish()
	for _, s := range d.services {
		s.service.scheduler.Set(schedulable(s.destinations))
	}
	for _, dest := range p.removed {
		dest.idleSince = 0
		dest.removed.Store(true)
	}
	t := c.Timeouts
	d.table.SetTimeouts(t.TCP, t.TCPFin, t.UDP)
}

func schedulable(dests []*destination) []sched.Dest {
	list := make([]sched.Dest, len(dests))
	for i, d := range dests {
		list[i] = sched.Dest{ID: d.id, Addr: d.addr, Port: d.key.Port, Weight: int32(d.weight)}
	}
	return list
}

// publish freezes the state into the snapshot that workers load next.
func (d *Director) publish() {
	s := &snapshot{services: make(map[serviceKey]*service, len(d.services)), destinations: slices.Clone(d.byID)}
	roleOf := map[lvs.Addr]roles{}
	for _, state := range d.services {
		k := keyOf(state.key)
		s.services[k] = state.service
		roleOf[k.addr] |= roleVirtual
	}
	for _, dest := range d.byID {
		if dest == nil {
			continue
		}
		roleOf[lvs.AddrFrom(dest.service.VIP)] |= roleVirtual
		if dest.method == lvs.NAT {
			roleOf[dest.addr] |= roleReal
		}
	}
	for _, vip := range d.current().unheld(d.router.Locals()) {
		roleOf[vip] |= roleUnheld
	}
	s.roles = newRoleTable(roleOf)
	d.snapshot.Store(s)
}

// current returns the state in force as if it were planned.
func (d *Director) current() *plan { return &plan{services: d.services, byID: d.byID} }

// trashTime is how long a removed destination without connections is
// remembered (IP_VS_DEST_TRASH_PERIOD).
const trashTime = 120 * time.Second

// emptyTrash forgets destinations that were removed and have had no connection
// for trashTime.
func (d *Director) emptyTrash(now time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.trash)
	d.trash = slices.DeleteFunc(d.trash, func(dest *destination) bool {
		switch {
		case d.loads.At(dest.id).Total.Load() != 0:
			dest.idleSince = 0
		case dest.idleSince == 0:
			dest.idleSince = now
		case now-dest.idleSince >= trashTime:
			d.forget(dest)
			return true
		}
		return false
	})
	if len(d.trash) == n {
		return
	}
	d.publish()
	if err := d.updateFilter(d.current().makeRules(d.router.Locals())); err != nil {
		d.warn(err) // the next change tries again
	}
}

// forget frees the number of dest and moves what it counted to its service.
func (d *Director) forget(dest *destination) {
	total := d.collect(dest.id, true)
	for _, s := range d.services {
		if s.key == dest.service {
			s.service.gone.Add(total)
		}
	}
	d.byID[dest.id] = nil
}
