package sched

import "xlvs/lvs"

// A none is a service's scheduler when it has none: nobody gets the next connection.
type none struct{}

// Set implements Scheduler.
func (none) Set([]Dest) {}

// Pick finds none usable.
func (none) Pick(*lvs.Tuple) (lvs.DestID, bool) { return 0, false }
