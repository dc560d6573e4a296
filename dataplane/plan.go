package dataplane

import (
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/mark"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// A plan is the next state, made aside: nothing of it is in force yet. It has what
// is to be different, and what had to be copied to make it so.
type plan struct {
	d        *Director
	config   *config.Config // settings: the director's own but for Apply
	services []*serviceState
	byID     []*destination // the director's own until thawed
	thawed   bool
	held     map[lvs.Addr]bool

	added, set, dropped []*serviceState                 // set: those added, and those in the place of another
	next                map[*serviceState]*serviceState // by the former; nil for one that is dropped
	kept                []keptReal
	removed             trash          // into the trash
	revived, forgotten  []*destination // out of it, for ever if they are forgotten

	marks          []mark.Rule
	listed, former []config.Mark
	marking        *mark.Rules
	markUses       map[markKey]int // how many more
	pools          map[config.LocalRange]int
	closed         []config.LocalRange
	uses           map[lvs.Addr]use
	claims         steer.Claims
	ftp            ftpPorts

	endpoints       *draft[serviceKey, *service]
	byMark          *draft[markKey, *service]
	sources         *draft[serviceKey, *natSource]
	onFTP, anyPorts int // services on the port of FTP, and on all

	nextID  int         // where the search for a free number goes on
	scratch steer.Rules // of one thing at a time
}

// A keptReal is a destination as it is wanted.
type keptReal struct {
	*destination
	real *config.Real
}

// newPlan returns a plan to leave everything as it is. The caller holds mu until it
// is in force.
func (d *Director) newPlan() *plan {
	last := d.snapshot.Load()
	return &plan{
		d: d, config: d.config, services: d.services, byID: d.byID, held: d.held, next: map[*serviceState]*serviceState{}, removed: trash{},
		marks: d.marks, listed: d.listed, former: d.former, marking: last.marks, markUses: map[markKey]int{},
		pools: map[config.LocalRange]int{}, uses: map[lvs.Addr]use{}, claims: steer.Claims{}, ftp: d.config.FTPPorts,
		endpoints: last.services.byEndpoint.draft(), byMark: last.services.byMark.draft(), sources: last.natSources.draft(),
		onFTP: last.services.onFTP, anyPorts: last.services.anyPorts, scratch: steer.Rules{},
	}
}

// patch plans what c changes of services.
func (p *plan) patch(c config.Patch) error {
	for _, key := range c.Removed {
		if err := p.drop(key); err != nil {
			return err
		}
	}
	for i := range c.Set {
		if err := p.put(&c.Set[i]); err != nil {
			return fmt.Errorf("service %v: %w", c.Set[i].ServiceKey, err)
		}
	}
	return nil
}

// present returns the service of key that is in force and does not go.
func (p *plan) present(key config.ServiceKey) *serviceState {
	s := p.d.byKey[key]
	if next, changed := p.next[s]; changed && next == nil {
		return nil
	}
	return s
}

// inOrder puts services into the order of a Patch: each where it was, new ones
// after all others.
func (p *plan) inOrder() {
	p.services = make([]*serviceState, 0, len(p.d.services)+len(p.added))
	for _, s := range p.d.services {
		next, changed := p.next[s]
		if !changed {
			next = s
		}
		if next != nil {
			p.services = append(p.services, next)
		}
	}
	p.services = append(p.services, p.added...)
}

// inOrderOf puts services into the order of list, which has them all. Those that
// are added have been so in the same order.
func (p *plan) inOrderOf(list []config.Service) {
	p.services = make([]*serviceState, 0, len(list))
	added := p.added
	for i := range list {
		s := p.d.byKey[list[i].ServiceKey]
		if s == nil {
			s, added = added[0], added[1:]
		} else if next := p.next[s]; next != nil {
			s = next
		}
		p.services = append(p.services, s)
	}
}

// settle plans what follows from all the rest: nothing is to be planned after it.
func (p *plan) settle() {
	p.settleMarks()
	for a, more := range p.uses {
		was, is := p.d.unheld[a], p.d.uses[a].plus(more).roles(p.held[a])&roleUnheld != 0
		switch {
		case is && !was:
			p.claim(1, func(r steer.Rules) { r.AddUnheld(a) })
		case was && !is:
			p.claim(-1, func(r steer.Rules) { r.AddUnheld(a) })
		}
	}
}

// claim has n more ask for the rules that add adds.
func (p *plan) claim(n int, add func(steer.Rules)) {
	clear(p.scratch)
	add(p.scratch)
	p.claims.Add(p.scratch, n)
}

// use has n more use an address as u says.
func (p *plan) use(a lvs.Addr, n int, u use) {
	p.uses[a] = p.uses[a].plus(use{n * u.virtual, n * u.real, n * u.local, n * u.wanted})
}

// hold looks at which addresses are the host's own. It is looked at again when they
// change, so that a Patch need not do so.
func (p *plan) hold() {
	locals := p.d.router.Locals()
	strange := func(a lvs.Addr) bool { return !p.d.held[a] }
	if len(locals) == len(p.d.held) && !slices.ContainsFunc(locals, strange) {
		return
	}
	held := make(map[lvs.Addr]bool, len(locals))
	for _, a := range locals {
		held[a] = true
	}
	p.held = held
	p.toggleHeld(held, p.d.held, 1)
	p.toggleHeld(p.d.held, held, -1)
}

// toggleHeld plans that n more ask for those of some that others has not.
func (p *plan) toggleHeld(some, others map[lvs.Addr]bool, n int) {
	for a := range some {
		if !others[a] {
			p.claim(n, func(r steer.Rules) { r.AddLocal(a) })
			p.use(a, 0, use{}) // its roles may change
		}
	}
}

// ids returns the destinations by number, to be written to.
func (p *plan) ids() []*destination {
	if !p.thawed {
		p.byID, p.thawed = slices.Clone(p.byID), true
	}
	return p.byID
}
