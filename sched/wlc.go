package sched

import (
	"sync/atomic"

	"xlvs/lvs"
)

// A wlc takes the destination with the least load for its weight (ip_vs_wlc).
// It remembers nothing, so workers pick without a lock.
type wlc struct {
	loads *lvs.Loads
	dests atomic.Pointer[[]loaded]
}

// A loaded destination has its load at hand.
type loaded struct {
	Dest
	load *lvs.Load
}

func newWLC(loads *lvs.Loads) *wlc {
	s := &wlc{loads: loads}
	s.dests.Store(new([]loaded))
	return s
}

// Pick compares overhead/weight as products, which need no division. Only less
// is better: of equals, the earlier in the list wins. Loads move while they are
// compared; each is read once.
func (s *wlc) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	var best *loaded
	var least int64
	dests := *s.dests.Load()
	for i := range dests {
		d := &dests[i]
		if !d.usable() {
			continue
		}
		o := d.load.Overhead()
		if best == nil || least*int64(d.Weight) > o*int64(best.Weight) {
			best, least = d, o
		}
	}
	if best == nil {
		return 0, false
	}
	return best.ID, true
}

// Set looks up the loads of dests, so that Pick need not.
func (s *wlc) Set(dests []Dest) {
	next := make([]loaded, len(dests))
	for i, d := range dests {
		next[i] = loaded{d, s.loads.At(d.ID)}
	}
	s.dests.Store(&next)
}
