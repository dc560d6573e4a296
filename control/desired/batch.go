package desired

import (
	"cmp"
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/lvs"
)

// A batch is some operations that the director gets as one change. They are done
// in the State itself, whose mutex is held, so that each sees what those before
// it have done; former is how to take them back.
type batch struct {
	*State
	former   map[config.ServiceKey]*entry // of the services that are touched, as they were; nil: not there
	places   int                          // in the order, as it was
	timeouts config.Timeouts              // as they were
	sysctl   lvs.Sysctls                  // as they were
	zeros    []zero
}

// A zero is a service whose counters are to start from zero; nil: all.
type zero struct {
	key *config.ServiceKey
	op  int // for which operation
}

func (s *State) begin() *batch {
	return &batch{
		State: s, former: make(map[config.ServiceKey]*entry), places: len(s.services.order),
		timeouts: s.settings.Timeouts, sysctl: s.settings.Sysctl,
	}
}

// touch notes how the service is before its first change.
func (b *batch) touch(key config.ServiceKey) {
	if _, ok := b.former[key]; !ok {
		b.former[key] = b.services.byKey[key]
	}
}

// thaw returns e to be changed: a copy, unless this batch has made it.
func (b *batch) thaw(e *entry) *entry {
	if _, ok := b.former[e.service.ServiceKey]; ok {
		return e
	}
	b.touch(e.service.ServiceKey)
	c := *e
	b.services.put(&c)
	return &c
}

// commit has the director do everything, or takes it back.
func (b *batch) commit() error {
	p := b.patch()
	if p.Empty() {
		b.services.sweep()
		return nil
	}
	if err := b.director.Patch(p); err != nil {
		b.undo()
		return fmt.Errorf("change the director: %w", err)
	}
	b.services.sweep()
	b.revision++
	return nil
}

// patch returns what the batch changes, and settles services. One in another place
// than before was deleted, and added again.
func (b *batch) patch() (p config.Patch) {
	if now := b.settings.Timeouts; now != b.timeouts {
		p.Timeouts = &now
	}
	if now := b.settings.Sysctl; now != b.sysctl {
		p.Sysctl = &now
	}
	var set, removed []*entry
	for key, former := range b.former {
		e := b.services.byKey[key]
		if e != nil {
			e.settle()
			set = append(set, e)
		}
		if former != nil && (e == nil || e.at != former.at) {
			removed = append(removed, former)
		}
	}
	inOrder := func(a, b *entry) int { return cmp.Compare(a.at, b.at) }
	slices.SortFunc(set, inOrder)
	slices.SortFunc(removed, inOrder)
	for _, e := range set {
		p.Set = append(p.Set, e.service)
	}
	for _, e := range removed {
		p.Removed = append(p.Removed, e.service.ServiceKey)
	}
	return p
}

// undo takes everything back.
func (b *batch) undo() {
	for key, former := range b.former {
		if e := b.services.byKey[key]; e != nil {
			b.checker.Remove(&e.service)
			b.services.remove(e)
		}
		if former != nil {
			b.checker.Add(&former.service)
			b.services.put(former)
		}
	}
	b.services.order = b.services.order[:b.places]
	b.settings.Timeouts, b.settings.Sysctl = b.timeouts, b.sysctl
}

// zero has counters start from zero, and reports the operations for which that
// fails. To services that are there no more it makes no difference.
func (b *batch) zero(ops []Operation, report func(i int, err error)) {
	for _, z := range b.zeros {
		if z.key != nil && b.services.byKey[*z.key] == nil {
			continue
		}
		if err := b.director.Zero(z.key); err != nil {
			report(z.op, fmt.Errorf("%v: %w", &ops[z.op], err))
		}
	}
}
