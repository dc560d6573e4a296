package sched

import (
	"sync"

	"xlvs/lvs"
)

// An rr gives every usable destination its turn (ip_vs_rr).
type rr struct {
	loads  *lvs.Loads
	mu     sync.Mutex
	dests  []loaded
	cursor int // who had the last turn, or head
}

// head is the cursor before the first destination: the list's head in the
// kernel.
const head = -1

func newRR(loads *lvs.Loads) *rr { return &rr{loads: loads, cursor: head} }

// Pick takes the first usable destination after the cursor, all the way round
// to the cursor itself.
func (s *rr) Pick(*lvs.Tuple) (lvs.DestID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.cursor
	for range s.dests {
		if i++; i == len(s.dests) {
			i = 0
		}
		if d := &s.dests[i]; d.usable() {
			s.cursor = i
			return d.ID, true
		}
	}
	return 0, false
}

// Set keeps the cursor at its destination, wherever the list has it now. If
// that one is gone, its predecessor had the last turn.
func (s *rr) Set(dests []Dest) {
	at := make(map[lvs.DestID]int, len(dests))
	for i := range dests {
		at[dests[i].ID] = i
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cursor := head
	for i := s.cursor; i != head; i-- {
		if j, ok := at[s.dests[i].ID]; ok {
			cursor = j
			break
		}
	}
	s.dests, s.cursor = withLoads(s.loads, dests), cursor
}
