package sched

import (
	"slices"
	"sync/atomic"

	"xlvs/lvs"
)

// An mh sends all connections of a client to the same real server, and when
// real servers come or go, few clients move (ip_vs_mh). Every director with the
// same list does likewise, the kernel's among them.
type mh struct {
	loads *lvs.Loads
	flags lvs.SchedulerFlags
	table atomic.Pointer[mhTable]
}

// An mhTable is all that Pick reads. It does not change once it is stored.
type mhTable struct {
	dests []loaded
	slots []uint16 // index in dests; no slot at all if nobody ever had a weight
}

func newMH(loads *lvs.Loads, flags lvs.SchedulerFlags) *mh {
	s := &mh{loads: loads, flags: flags}
	s.table.Store(new(mhTable))
	return s
}

// Pick takes the real server in the client's slot.
func (s *mh) Pick(t *lvs.Tuple) (lvs.DestID, bool) {
	table := s.table.Load()
	if len(table.slots) == 0 {
		return 0, false
	}
	c := client(t, s.flags)
	slot := mhHash(c, mhKey1) % mhSlots
	if d := table.at(slot); d.usable() {
		return d.ID, true
	}
	if s.flags&lvs.SchedulerFallback == 0 {
		return 0, false
	}
	return table.fallback(c, slot)
}

// at returns the destination in slot.
func (m *mhTable) at(slot uint32) *loaded { return &m.dests[m.slots[slot]] }

// fallback hashes client c again and again, as often as there are slots, until
// it lands on a usable destination (mh-fallback). That may miss one that has few
// slots. With nobody usable it is not even tried: every new connection would
// pay for thousands of hashes.
func (m *mhTable) fallback(c, slot uint32) (lvs.DestID, bool) {
	if !slices.ContainsFunc(m.dests, func(d loaded) bool { return d.usable() }) {
		return 0, false
	}
	for offset := range uint32(mhSlots) {
		again := (offset + slot) % mhSlots
		if d := m.at(mhHash(c+again, mhKey1) % mhSlots); d.usable() {
			return d.ID, true
		}
	}
	return 0, false
}

// Set deals the slots out anew only if what they depend on has changed: not if
// a destination is quiesced or comes back. There are no more destinations than
// slots; beyond that, the kernel keeps those that came first.
func (s *mh) Set(dests []Dest) {
	dests = dests[max(0, len(dests)-mhSlots):]
	before := s.table.Load()
	next := &mhTable{dests: withLoads(s.loads, dests), slots: before.slots}
	if !slices.EqualFunc(before.dests, next.dests, sameSlots) {
		next.slots = maglev(dests)
	}
	s.table.Store(next)
}

// sameSlots reports whether a and b, in the same place of the list, get the
// same slots.
func sameSlots(a, b loaded) bool {
	return a.Addr == b.Addr && a.Port == b.Port && slotWeight(&a.Dest) == slotWeight(&b.Dest)
}
