package sched

import (
	"sync/atomic"

	"xlvs/lvs"
)

// A loaded destination has its load at hand.
type loaded struct {
	Dest
	load *lvs.Load
}

// usable reports whether d may get new connections: it is neither quiesced nor
// overloaded.
func (d *loaded) usable() bool { return d.Weight > 0 && !d.load.Overloaded() }

// active returns how many of d's connections are active.
func (d *loaded) active() int64 { return int64(d.load.Active.Load()) }

// withLoads looks up the loads of dests, so that Pick need not.
func withLoads(loads *lvs.Loads, dests []Dest) []loaded {
	list := make([]loaded, len(dests))
	for i, d := range dests {
		list[i] = loaded{d, loads.At(d.ID)}
	}
	return list
}

// A roster is all that a scheduler without a memory keeps. Set replaces the
// list as a whole, so workers pick without a lock.
type roster struct {
	loads *lvs.Loads
	list  atomic.Pointer[[]loaded] // nil before the first Set
}

// Set implements Scheduler.
func (r *roster) Set(dests []Dest) {
	list := withLoads(r.loads, dests)
	r.list.Store(&list)
}

// dests returns the destinations in list order. Nobody writes to them.
func (r *roster) dests() []loaded {
	if p := r.list.Load(); p != nil {
		return *p
	}
	return nil
}

// leastPerWeight returns the usable destination with the least cost for its
// weight, of equals the earlier in the list; nil if none is usable. The
// quotients are compared as products, which need no division. Loads move
// meanwhile; the cost of each is read once.
func leastPerWeight(dests []loaded, cost func(*loaded) int64) *loaded {
	var best *loaded
	var least, weight int64 // of the best
	for i := range dests {
		d := &dests[i]
		if !d.usable() {
			continue
		}
		c, w := cost(d), int64(d.Weight)
		if best == nil || least*w > c*weight {
			best, least, weight = d, c, w
		}
	}
	return best
}

// chosen is what Pick returns for d, which is nil when there is no choice.
func chosen(d *loaded) (lvs.DestID, bool) {
	if d == nil {
		return 0, false
	}
	return d.ID, true
}
