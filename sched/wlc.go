package sched

import "xlvs/lvs"

// A wlc takes the destination with the least load for its weight (ip_vs_wlc).
type wlc struct{ roster }

func newWLC(loads *lvs.Loads) *wlc { return &wlc{roster{loads: loads}} }

// Pick compares overhead/weight.
func (s *wlc) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	return chosen(leastPerWeight(s.dests(), overhead))
}

// overhead is the load of d: an active connection counts as much as 257
// inactive ones.
func overhead(d *loaded) int64 { return d.load.Overhead() }
