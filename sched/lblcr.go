package sched

import (
	"slices"
	"sync/atomic"
	"time"

	"xlvs/lvs"
)

// An lblcr sends connections to one destination address to a set of real
// servers, which grows while the address is popular (ip_vs_lblcr:
// locality-based least connections with replication).
type lblcr struct {
	cache[replicas]
	loads   *lvs.Loads
	members atomic.Pointer[members]
	unused  atomic.Int64 // a time.Duration: after so long without a change, a set shrinks
}

// replicas are the destinations that an address has.
type replicas struct {
	dests   []Dest        // the latest first
	changed time.Duration // when the latest came, or one went
}

func newLBLCR(loads *lvs.Loads) *lblcr {
	s := &lblcr{loads: loads}
	s.Set(nil)
	return s
}

// Pick takes the one with the least overhead for its weight in the address's
// set. If none of them is usable, or that one is crowded (more active
// connections than its weight, while another has less than half), it takes the
// least of all destinations, as wlc does, and adds it to the set.
func (s *lblcr) Pick(t *lvs.Tuple) (lvs.DestID, bool) {
	m, b := s.members.Load(), s.bucket(t.Dst)
	b.mu.Lock()
	defer b.mu.Unlock()
	set := s.get(b, t.Dst)
	if set != nil {
		d := m.least(set.dests)
		if s.now() > set.changed+time.Duration(s.unused.Load()) {
			set.shrink(m, s.now())
		}
		if d != nil && !m.crowded(d) {
			return d.ID, true
		}
	}
	d := leastPerWeight(m.list, overhead)
	switch {
	case d == nil:
	case set == nil:
		s.put(b, t.Dst, replicas{[]Dest{d.Dest}, s.now()})
	default:
		set.add(m, d.Dest, s.now())
	}
	return chosen(d)
}

// Set leaves the cache alone: a destination that comes back finds its addresses.
func (s *lblcr) Set(dests []Dest) { s.members.Store(newMembers(s.loads, dests)) }

// Expire implements Expirer. Sets, too, shrink by the time unused.
func (s *lblcr) Expire(now, unused time.Duration) {
	s.unused.Store(int64(unused))
	s.cache.Expire(now, unused)
}

// least returns the usable member among dests with the least overhead for its
// weight, of equals the earlier.
func (m *members) least(dests []Dest) (best *loaded) {
	for _, d := range dests {
		l := m.find(d)
		if l == nil || !l.usable() {
			continue
		}
		if best == nil || overhead(best)*int64(l.Weight) > overhead(l)*int64(best.Weight) {
			best = l
		}
	}
	return best
}

// shrink takes one destination out of a set of several: one that is no member
// any more, else the one with the most overhead for its weight that is not
// quiesced, of equals the earlier.
func (r *replicas) shrink(m *members, now time.Duration) {
	if len(r.dests) < 2 {
		return
	}
	at := -1
	var most *loaded
	for i, d := range r.dests {
		l := m.find(d)
		if l == nil {
			at = i
			break
		}
		if l.Weight > 0 && (most == nil || overhead(most)*int64(l.Weight) < overhead(l)*int64(most.Weight)) {
			at, most = i, l
		}
	}
	if at >= 0 {
		r.dests, r.changed = slices.Delete(r.dests, at, at+1), now
	}
}

// add puts d in front, unless it is there already. Who is no member any more
// leaves, so that a set never outgrows the service.
func (r *replicas) add(m *members, d Dest, now time.Duration) {
	r.dests = slices.DeleteFunc(r.dests, func(d Dest) bool { return m.find(d) == nil })
	if !slices.ContainsFunc(r.dests, func(e Dest) bool { return e.ID == d.ID }) {
		r.dests, r.changed = slices.Insert(r.dests, 0, d), now
	}
}
