package sched

import "xlvs/lvs"

// A sed takes the destination with the shortest expected delay (ip_vs_sed): how
// long a connection waits for those before it and for itself, if the weight is
// how many a destination serves at a time.
type sed struct{ roster }

func newSED(loads *lvs.Loads) *sed { return &sed{roster{loads: loads}} }

// Pick compares (active+1)/weight. Inactive connections keep nobody waiting.
func (s *sed) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	return chosen(leastPerWeight(s.dests(), delay))
}

// delay is how many connections d serves, were it to get one more.
func delay(d *loaded) int64 { return d.active() + 1 }
