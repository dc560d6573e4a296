package sched

import (
	"slices"
	"sync"

	"xlvs/lvs"
)

// A wrr gives every destination turns in proportion to its weight, interleaved
// (ip_vs_wrr). It walks the list again and again, each time asking for a lower
// weight: who has weight 4 is met on four walks out of four, who has 1 on one.
type wrr struct {
	loads  *lvs.Loads
	mu     sync.Mutex
	begun  bool // Set has been called
	dests  []loaded
	cursor int   // who had the last turn in this walk, or head
	cw     int32 // weight that this walk asks for: 1 and a multiple of di
	mw     int32 // weight that the first walk asks for; 0: all are quiesced
	di     int32 // how much less the next walk asks for: the weights' divisor
}

func newWRR(loads *lvs.Loads) *wrr { return &wrr{loads: loads, cursor: head, di: 1} }

// Pick takes the next destination with the weight that this walk asks for, or
// the first of the next walk that meets anybody.
func (s *wrr) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for i := s.cursor + 1; i < len(s.dests); i++ {
			if d := &s.dests[i]; d.Weight >= s.cw && d.usable() {
				s.cursor = i
				return d.ID, true
			}
		}
		if !s.nextWalk() {
			return 0, false
		}
	}
}

// nextWalk goes back to the list's head, one level down or from the lowest to
// the highest, and past the levels at which nobody would be met. When nobody is
// usable it reports false and leaves cursor and level where the kernel's search
// ends.
func (s *wrr) nextWalk() bool {
	var most int32
	for i := range s.dests {
		if d := &s.dests[i]; d.usable() {
			most = max(most, d.Weight)
		}
	}
	if most == 0 {
		if s.cursor == head || s.cw > s.di {
			s.cursor, s.cw = head, s.mw
		}
		return false
	}
	s.cursor = head
	if s.cw -= s.di; s.cw <= 0 {
		s.cw = s.mw
	}
	if s.cw > most {
		s.cw -= (s.cw - most + s.di - 1) / s.di * s.di
	}
	return true
}

// Set starts a walk at the level that was reached, if the new weights have it. The
// kernel decides that for each destination that is added, edited or deleted, and so
// does Set for each that is new, the one that was added first before the others: a
// walk that begins low because the first had a low weight stays low. Only what the
// first Set names is taken as a whole, as by a service that gets another scheduler.
func (s *wrr) Set(dests []Dest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && slices.EqualFunc(s.dests, dests, func(l loaded, d Dest) bool { return l.Dest == d }) {
		return
	}
	known := make(map[lvs.DestID]bool, len(s.dests))
	for i := range s.dests {
		known[s.dests[i].ID] = true
	}
	var stay, added []Dest
	for _, d := range dests {
		if !s.begun || known[d.ID] {
			stay = append(stay, d)
		} else {
			added = append(added, d)
		}
	}
	if !s.begun || !slices.EqualFunc(s.dests, stay, func(l loaded, d Dest) bool { return l.Dest == d }) {
		s.level(divisor(stay), heaviest(stay))
	}
	di, most := divisor(stay), heaviest(stay)
	if most == 0 {
		di = 0 // whose divisor with any weight is that weight
	}
	for _, d := range slices.Backward(added) {
		if d.Weight > 0 {
			di, most = gcd(d.Weight, di), max(most, d.Weight)
		}
		s.level(max(di, 1), most)
	}
	s.begun, s.dests, s.cursor = true, withLoads(s.loads, dests), head
}

// A Restarter is a scheduler that takes notice of destinations being edited, even if
// nothing changes that it knows of: wrr.
type Restarter interface {
	// Restart begins a new walk through the list.
	Restart()
}

// Restart begins a new walk at the level that was reached.
func (s *wrr) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cursor = head
}

// level says at which weight the next walk begins when di is the divisor of the
// weights and the largest is most.
func (s *wrr) level(di, most int32) {
	s.di, s.mw = di, max(most-(di-1), 0)
	switch {
	case s.cw > s.mw || s.cw == 0:
		s.cw = s.mw
	case s.di > 1:
		s.cw = s.cw/s.di*s.di + 1
	}
}

// heaviest returns the largest weight.
func heaviest(dests []Dest) (w int32) {
	for i := range dests {
		w = max(w, dests[i].Weight)
	}
	return w
}

// divisor returns the greatest common divisor of the weights above zero, 1 if
// there is none.
func divisor(dests []Dest) int32 {
	var g int32
	for i := range dests {
		if w := dests[i].Weight; w > 0 {
			g = gcd(w, g)
		}
	}
	return max(g, 1)
}

// gcd returns the greatest common divisor of a and b, where one may be zero.
func gcd(a, b int32) int32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
