package dataplane

import (
	"slices"

	"xlvs/config"
	"xlvs/lvs"
	"xlvs/sched"
)

// commit puts p in force. Nothing here can fail. New destinations are in the
// snapshot before a scheduler may pick them, and removed ones are out of their
// scheduler before they become unavailable.
func (d *Director) commit(p *plan) {
	d.prepare(p)
	d.record(p)
	turned := d.publish(p)
	for _, s := range p.set {
		s.schedule()
	}
	for dest := range p.removed.all() {
		dest.idleSince = 0
		dest.removed.Store(true)
	}
	if turned || d.unrouted {
		d.followHost()
	}
}

// prepare does what has to be done before workers see p: a service that is new, or
// has another scheduler, is asked as soon as it is there.
func (d *Director) prepare(p *plan) {
	for _, k := range p.kept {
		d.loads.Grow(k.id)
		for _, w := range d.workers {
			w.tally.grow(k.id)
		}
		d.set(k.destination, k.real)
	}
	for _, s := range p.set {
		if s.scheduled == nil {
			s.schedule()
		}
	}
}

// record has the ledger say what p does.
func (d *Director) record(p *plan) {
	d.config, d.services, d.byID, d.held, d.marks = p.config, p.services, p.byID, p.held, p.marks
	d.listed, d.former = p.listed, p.former
	for _, s := range p.dropped {
		d.dropped.Add(s.gone)
		delete(d.byKey, s.key())
	}
	for _, s := range p.set {
		d.byKey[s.key()] = s
	}
	for _, dest := range p.revived {
		d.trash.remove(dest)
	}
	for dest := range p.removed.all() {
		d.trash.add(dest)
	}
	for _, dest := range p.forgotten {
		d.trash.remove(dest)
		d.inherit(dest)
	}
	for _, s := range p.added {
		if len(p.revived) > 0 || len(d.trash[s.key()]) > 0 {
			d.begin(s)
		}
	}
	for k, n := range p.markUses {
		if d.markUses[k] += n; d.markUses[k] == 0 {
			delete(d.markUses, k)
		}
	}
	for r, n := range p.pools {
		d.pools[r] += n
	}
	for _, r := range p.closed {
		delete(d.pools, r)
	}
}

// publish has workers see p from their next batch, and reports whether other VIPs
// than before are on no interface. An address that loses a role loses it when no
// snapshot has need of it any more.
func (d *Director) publish(p *plan) (turned bool) {
	table := d.snapshot.Load().roles
	lose := map[lvs.Addr]roles{}
	for a, more := range p.uses {
		u := d.uses[a].plus(more)
		if d.uses[a] = u; u == (use{}) {
			delete(d.uses, a)
		}
		was, is := table.of(a), u.roles(p.held[a])
		if (was^is)&roleUnheld != 0 {
			turned = true
			if d.unheld[a] = true; is&roleUnheld == 0 {
				delete(d.unheld, a)
			}
		}
		if table = table.set(a, was|is); was&^is != 0 {
			lose[a] = is
		}
	}
	d.snapshot.Store(p.snapshot(table))
	for a, is := range lose {
		table.set(a, is) // which has a place for it
	}
	return turned
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

// schedule tells the scheduler of s about its destinations, if that is news, or that
// they were edited, if it takes notice of that.
func (s *serviceState) schedule() {
	if list := schedulable(s.destinations); s.scheduled == nil || !slices.Equal(list, s.scheduled) {
		s.service.scheduler.Set(list)
		s.scheduled = list
	} else if r, ok := s.service.scheduler.(sched.Restarter); ok && s.edited {
		r.Restart()
	}
	s.edited = false
}

func schedulable(dests []*destination) []sched.Dest {
	list := make([]sched.Dest, len(dests))
	for i, d := range dests {
		list[i] = sched.Dest{ID: d.id, Addr: d.addr, Port: d.key.Port, Weight: d.weight.Load(), LastWeight: d.lastWeight}
	}
	return list
}
