package dataplane

import (
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
	"xlvs/sched"
)

// A serviceState is a service as Apply left it.
type serviceState struct {
	key          config.ServiceKey
	service      *service
	destinations []*destination // most recently added first, as the kernel keeps them
	gone         Counters       // of destinations that are no more
	estimator    rate.Estimator
	scarce       bool         // it was said that local ports run out
	scheduled    []sched.Dest // what the scheduler has been told
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
	for dest, r := range p.kept {
		d.set(dest, r)
	}
	for _, s := range p.dropped {
		d.dropped.Add(s.gone)
	}
	d.config, d.services, d.trash, d.byID, d.marking, d.pools = c, p.services, p.trash, p.byID, p.marking, p.pools
	for _, s := range d.services {
		if s.scheduled == nil {
			s.schedule() // nobody asks it before the service is there
		}
	}
	d.publish()
	for _, s := range d.services {
		s.schedule()
	}
	for _, dest := range p.removed {
		dest.idleSince = 0
		dest.removed.Store(true)
	}
	t := c.Timeouts
	d.table.SetTimeouts(t.TCP, t.TCPFin, t.UDP)
	d.table.SetLimit(c.Sysctl.ConnMax)
	d.defend()
}

// set gives dest the weight and thresholds of r, and takes it out of the trash if
// it is there.
func (d *Director) set(dest *destination, r *config.Real) {
	if r.Weight != 0 || dest.lastWeight == 0 {
		dest.lastWeight = int32(r.Weight)
	}
	dest.weight.Store(int32(r.Weight))
	dest.upper, dest.lower = r.Upper, r.Lower
	d.loads.At(dest.id).SetThresholds(int32(r.Upper), int32(r.Lower))
	dest.removed.Store(false)
}

// schedule tells the scheduler of s about its destinations, if that is news.
func (s *serviceState) schedule() {
	if list := schedulable(s.destinations); s.scheduled == nil || !slices.Equal(list, s.scheduled) {
		s.service.scheduler.Set(list)
		s.scheduled = list
	}
}

func schedulable(dests []*destination) []sched.Dest {
	list := make([]sched.Dest, len(dests))
	for i, d := range dests {
		list[i] = sched.Dest{ID: d.id, Addr: d.addr, Port: d.key.Port, Weight: d.weight.Load(), LastWeight: d.lastWeight}
	}
	return list
}

// publish freezes the state into the snapshot that workers load next.
func (d *Director) publish() {
	s := &snapshot{
		services: newServiceTable(d.services), destinations: slices.Clone(d.byID),
		marks: d.marking, marked: !d.marking.Empty(), sysctl: d.config.Sysctl, natSources: map[serviceKey]natSource{},
	}
	roleOf := map[lvs.Addr]roles{}
	for vip := range d.current().vips() {
		roleOf[vip] |= roleVirtual
	}
	for _, dest := range d.byID[1:] {
		if dest == nil {
			continue
		}
		if dest.service.Mark == 0 {
			roleOf[lvs.AddrFrom(dest.service.VIP)] |= roleVirtual
		}
		if dest.masqueraded {
			roleOf[dest.addr] |= roleReal
		}
	}
	for r := range d.pools {
		roleOf[lvs.AddrFrom(r.Addr)] |= roleLocal
	}
	for _, vip := range d.current().unheld(d.router.Locals()) {
		roleOf[vip] |= roleUnheld
	}
	for _, state := range d.services {
		s.addSources(state)
	}
	s.roles = newRoleTable(roleOf)
	d.snapshot.Store(s)
}

// current returns the state in force as if it were planned.
func (d *Director) current() *plan {
	return &plan{services: d.services, byID: d.byID, marks: d.config.Marks, pools: d.pools}
}
