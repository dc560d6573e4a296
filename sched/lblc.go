package sched

import (
	"sync/atomic"

	"xlvs/lvs"
)

// An lblc sends connections to one destination address to one real server, so
// that each of several transparent caches holds another part of the web
// (ip_vs_lblc: locality-based least connections).
type lblc struct {
	cache[Dest]
	loads   *lvs.Loads
	members atomic.Pointer[members]
}

func newLBLC(loads *lvs.Loads) *lblc {
	s := &lblc{loads: loads}
	s.Set(nil)
	return s
}

// Pick takes the destination that the address had last, unless it is gone,
// quiesced or crowded: more active connections than its weight, while another
// has less than half. Then, as for an unknown address, the one with the least
// overhead for its weight takes over, as in wlc. A threshold keeps new addresses
// from a destination, but not those that it has.
func (s *lblc) Pick(t *lvs.Tuple) (lvs.DestID, bool) {
	m, b := s.members.Load(), s.bucket(t.Dst)
	b.mu.Lock()
	defer b.mu.Unlock()
	last := s.get(b, t.Dst)
	if last != nil {
		if d := m.find(*last); d != nil && d.Weight > 0 && !m.crowded(d) {
			return d.ID, true
		}
	}
	d := leastPerWeight(m.list, overhead)
	switch {
	case d == nil:
	case last == nil:
		s.put(b, t.Dst, d.Dest)
	default:
		*last = d.Dest
	}
	return chosen(d)
}

// Set leaves the cache alone: a destination that comes back finds its addresses.
func (s *lblc) Set(dests []Dest) { s.members.Store(newMembers(s.loads, dests)) }
