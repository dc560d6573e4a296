package sched

import "xlvs/lvs"

// An ovf fills the destination with the highest weight and lets the rest flow
// over to the next (ip_vs_ovf): weights are ranks and capacities in one. UDP
// connections, which are never active, fill nothing.
type ovf struct{ roster }

func newOVF(loads *lvs.Loads) *ovf { return &ovf{roster{loads: loads}} }

// Pick takes, of the usable destinations with no more active connections than
// their weight, the one with the highest weight, of equals the earlier in the
// list. When all are full there is no choice.
func (s *ovf) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	var best *loaded
	dests := s.dests()
	for i := range dests {
		d := &dests[i]
		if !d.usable() || d.active() > int64(d.Weight) {
			continue
		}
		if best == nil || d.Weight > best.Weight {
			best = d
		}
	}
	return chosen(best)
}
