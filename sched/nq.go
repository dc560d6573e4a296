package sched

import "xlvs/lvs"

// An nq never queues where somebody is idle (ip_vs_nq).
type nq struct{ roster }

func newNQ(loads *lvs.Loads) *nq { return &nq{roster{loads: loads}} }

// Pick takes the first usable destination without an active connection,
// whatever its weight. If all are busy, it takes the one with the least
// (active+1)/weight, as sed does.
func (s *nq) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	dests := s.dests()
	for i := range dests {
		if d := &dests[i]; d.usable() && d.active() == 0 {
			return d.ID, true
		}
	}
	return chosen(leastPerWeight(dests, delay))
}
