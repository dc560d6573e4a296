package dataplane

import (
	"xlvs/conntrack"
	"xlvs/lvs"
)

// Verdicts returns how many packets have ended in each verdict.
func (d *Director) Verdicts() [Verdicts]uint64 {
	var total [Verdicts]uint64
	for _, w := range d.workers {
		w.mu.Lock()
		for v, n := range w.verdicts {
			total[v] += n
		}
		w.mu.Unlock()
	}
	return total
}

// A Sample is the addressing of a packet that ended in some verdict.
type Sample struct {
	Tuple lvs.Tuple
	taken bool
}

// TakeSamples returns, for each verdict that drops, a packet that ended in it
// since the last call, if there was one.
func (d *Director) TakeSamples() map[Verdict]lvs.Tuple {
	samples := map[Verdict]lvs.Tuple{}
	for _, w := range d.workers {
		w.mu.Lock()
		for v, s := range w.samples {
			if s.taken {
				samples[Verdict(v)] = s.Tuple
			}
		}
		w.samples = [Verdicts]Sample{}
		w.mu.Unlock()
	}
	return samples
}

// sample keeps the first packet of a verdict until TakeSamples.
func (w *worker) sample(v Verdict, f *flow) {
	if s := &w.samples[v]; !s.taken {
		*s = Sample{Tuple: f.tuple, taken: true}
	}
}

// Connections returns the table's connections, in no order. Expiry times count
// from the director's start; see Now.
func (d *Director) Connections() func(func(conntrack.Listing) bool) {
	return func(yield func(conntrack.Listing) bool) {
		s := d.snapshot.Load()
		for c := range d.table.All() {
			// The table has no room for a real server of another family than its
			// client's, which a tunnel may have.
			if to := s.destination(c.Dest); c.Method == lvs.Tunnel && to != nil {
				c.Real = to.addr
			}
			if !yield(c) {
				return
			}
		}
	}
}

// Now returns the moment that expiry times are to be compared with.
func (d *Director) Now() conntrack.Time { return conntrack.Time(d.clock() / conntrack.Tick) }

// ConnectionCount returns how many connections there are, and at how many new
// ones are refused.
func (d *Director) ConnectionCount() (n, limit int) { return d.table.Len(), d.table.Limit() }
