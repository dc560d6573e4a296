package neigh

import "time"

// grace is how long a worker may still hold an ID of an epoch that is over: a
// batch, and a scheduler that lets the worker wait.
const grace = 5 * time.Second

// A sweep frees the hops that no route led to lately, when the table is full.
// First it opens a new epoch, so that whoever needs a hop asks Route again and
// marks it. After a grace the unmarked ones are forgotten, in yet another epoch:
// an ID that Route gave out at that very moment is stale. Their numbers are
// given anew after a second grace, when nobody can hold such an ID any more.
type sweep struct {
	phase     sweepPhase
	from      uint32 // epoch; hops seen in it or later stay
	until     time.Time
	forgotten []*entry
}

type sweepPhase uint8

const (
	idle sweepPhase = iota
	marking
	quarantine
)

// begin starts a sweep unless one is under way.
func (m *Mirror) begin(s *sweep, now time.Time) {
	if s.phase != idle {
		return
	}
	m.mu.Lock()
	s.from = m.turn()
	m.mu.Unlock()
	s.phase, s.until = marking, now.Add(grace)
}

// advance takes a sweep to its next phase when it is time.
func (m *Mirror) advance(s *sweep, now time.Time) {
	if s.phase == idle || now.Before(s.until) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s.until = now.Add(grace)
	if s.phase == marking {
		s.forgotten = m.forget(s.from)
		m.turn()
		s.phase = quarantine
		return
	}
	for _, e := range s.forgotten {
		m.hops.byNum[e.number].Store(nil)
		m.hops.free = append(m.hops.free, e.number)
	}
	*s = sweep{}
	m.turn() // connections that found the table full may try again
}

// turn opens the next epoch. The caller holds m.mu.
func (m *Mirror) turn() uint32 {
	old := m.view.Load()
	next := old.at(nextEpoch(old.epoch))
	m.view.Store(next)
	return next.epoch
}

// forget takes the entries that were not seen since an epoch out of the index.
// Those that are kept, or being asked about, stay. The caller holds m.mu.
func (m *Mirror) forget(from uint32) (gone []*entry) {
	ix := m.hops.newIndex()
	m.hops.all(func(e *entry) {
		since := uint16(e.seen.Load() - from)
		if since < 1<<15 || e.kept.Load() || e.asking.Load() {
			m.hops.put(ix, e)
			return
		}
		gone = append(gone, e)
		e.forgotten = true
		m.detach(e)
	})
	m.hops.index.Store(ix)
	return gone
}

// detach makes e deaf to its neighbour. The caller holds m.mu.
func (m *Mirror) detach(e *entry) {
	rest := m.entries[e.on][:0]
	for _, o := range m.entries[e.on] {
		if o != e {
			rest = append(rest, o)
		}
	}
	if len(rest) == 0 {
		delete(m.entries, e.on)
		return
	}
	m.entries[e.on] = rest
}
