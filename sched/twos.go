package sched

import (
	"math/rand/v2"

	"xlvs/lvs"
)

// A twos draws two destinations and takes the one with less load for its weight
// (ip_vs_twos): nearly as even as wlc, without everybody rushing to the idlest.
type twos struct {
	roster
	below func(n int64) int64 // a random number from 0 to n-1, safe for several workers
}

func newTwos(loads *lvs.Loads) *twos {
	return &twos{roster: roster{loads: loads}, below: rand.Int64N}
}

// Pick draws in proportion to the weights; the same one may be drawn twice. The
// kernel draws from zero to the total, both included, which favours the first
// in the list by a little.
func (s *twos) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	dests := s.dests()
	var total int64
	for i := range dests {
		if d := &dests[i]; d.usable() {
			total += int64(d.Weight)
		}
	}
	first, second := drawn(dests, s.below(total+1)), drawn(dests, s.below(total+1))
	if first == nil || second == nil {
		return chosen(first)
	}
	if overhead(first)*int64(second.Weight) > overhead(second)*int64(first.Weight) {
		return second.ID, true
	}
	return first.ID, true
}

// drawn returns the usable destination at which r, less the weights so far, is
// used up. If one became overloaded since r was drawn, that may be behind the
// end, and the last one is meant; nil means that none is usable.
func drawn(dests []loaded, r int64) *loaded {
	var last *loaded
	for i := range dests {
		d := &dests[i]
		if !d.usable() {
			continue
		}
		last = d
		if r -= int64(d.Weight); r <= 0 {
			break
		}
	}
	return last
}
