package sched

import "xlvs/lvs"

// An fo gives everything to one destination, and to the next best when that one
// fails (ip_vs_fo): weights are ranks.
type fo struct{ roster }

func newFO(loads *lvs.Loads) *fo { return &fo{roster{loads: loads}} }

// Pick takes the usable destination with the highest weight, of equals the
// earlier in the list.
func (s *fo) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	var best *loaded
	dests := s.dests()
	for i := range dests {
		if d := &dests[i]; d.usable() && (best == nil || d.Weight > best.Weight) {
			best = d
		}
	}
	return chosen(best)
}
