package sched

import "xlvs/lvs"

// An lc takes the destination with the least load, whatever its weight
// (ip_vs_lc).
type lc struct{ roster }

func newLC(loads *lvs.Loads) *lc { return &lc{roster{loads: loads}} }

// Pick compares overheads: an active connection counts as much as 257 inactive
// ones. Of equals, the earlier in the list wins.
func (s *lc) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	var best *loaded
	var least int64
	dests := s.dests()
	for i := range dests {
		d := &dests[i]
		if !d.usable() {
			continue
		}
		if o := d.load.Overhead(); best == nil || o < least {
			best, least = d, o
		}
	}
	return chosen(best)
}
