package dataplane

import (
	"slices"

	"xlvs/config"
	"xlvs/lvs"
)

// forgetFormer gives up what the configuration no longer has and no connection has
// need of: local addresses, and rules of marks.
func (d *Director) forgetFormer() {
	ranges, marks := d.formers()
	if len(ranges) == 0 && len(marks) == 0 {
		return
	}
	local, carried := map[lvs.Addr]bool{}, make([]bool, len(marks))
	s := d.snapshot.Load()
	for c := range d.table.All() { // which may take long: without mu
		if c.Method == lvs.FullNAT {
			local[c.Local] = true
		}
		if dest := s.destination(c.Dest); dest != nil && !c.Template && dest.service.Mark != 0 {
			for i := range marks {
				carried[i] = carried[i] || giving(&marks[i]) == markKeyOf(dest.service) && marks[i].Destination.Contains(c.Virtual.Netip())
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.newPlan()
	for _, r := range ranges {
		if n, there := d.pools[r]; there && n == 0 && !local[lvs.AddrFrom(r.Addr)] {
			p.shut(r)
		}
	}
	p.endMarks(func(m config.Mark) bool {
		i := slices.IndexFunc(marks, func(o config.Mark) bool { return sameMark(m, o) })
		return i < 0 || carried[i] // one of later is looked at the next time
	})
	d.insist(p)
}

// formers returns the local addresses that no service names any more, and the rules
// of marks that there are no more.
func (d *Director) formers() (ranges []config.LocalRange, marks []config.Mark) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for r, services := range d.pools {
		if services == 0 {
			ranges = append(ranges, r)
		}
	}
	return ranges, d.former
}
