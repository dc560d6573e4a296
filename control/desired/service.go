package desired

import (
	"slices"

	"xlvs/config"
)

// An Origin is who made a service.
type Origin uint8

// The origins.
const (
	NoOrigin    Origin = iota // there is no such service
	FromFile                  // the file, whoever has edited the service since
	FromRuntime               // an operation
)

// String returns "none", "file" or "runtime".
func (o Origin) String() string {
	switch o {
	case FromFile:
		return "file"
	case FromRuntime:
		return "runtime"
	}
	return "none"
}

// Origin returns who made the service.
func (s *State) Origin(key config.ServiceKey) Origin {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.services.byKey[key]; e != nil {
		return e.origin
	}
	return NoOrigin
}

// An entry is a service of a State. Outside a batch it does not change, but for its
// origin: others hold what it holds.
type entry struct {
	service config.Service
	origin  Origin
	at      int // its place in the order

	// Within a batch that changes real servers:
	reals map[config.RealKey]int // where they are in service.Reals, which is the batch's own; nil: it is not
	gone  int                    // how many of those are deleted, and zero
}

// own makes the real servers of e the batch's own.
func (e *entry) own() {
	if e.reals != nil {
		return
	}
	e.service.Reals = slices.Clone(e.service.Reals)
	e.reals = make(map[config.RealKey]int, len(e.service.Reals)+1)
	for i := range e.service.Reals {
		e.reals[e.service.Reals[i].RealKey] = i
	}
}

// settle removes what is deleted, and ends what own began.
func (e *entry) settle() {
	if e.gone > 0 {
		e.service.Reals = slices.DeleteFunc(e.service.Reals, func(r config.Real) bool { return r == config.Real{} })
	}
	e.reals, e.gone = nil, 0
}

// services are those of a State, by key and in the order in which they came.
type services struct {
	byKey map[config.ServiceKey]*entry
	order []*entry // nil where one was deleted
}

func newServices(n int) services {
	return services{byKey: make(map[config.ServiceKey]*entry, n), order: make([]*entry, 0, n)}
}

// append puts e behind all others.
func (l *services) append(e *entry) {
	e.at = len(l.order)
	l.order = append(l.order, nil)
	l.put(e)
}

// put puts e in its place.
func (l *services) put(e *entry) {
	l.order[e.at] = e
	l.byKey[e.service.ServiceKey] = e
}

// remove leaves the place of e empty.
func (l *services) remove(e *entry) {
	l.order[e.at] = nil
	delete(l.byKey, e.service.ServiceKey)
}

// sweep closes the gaps, once they are as many as the services: it is paid for by
// the deletions before it. Places change.
func (l *services) sweep() {
	if len(l.order) <= 2*len(l.byKey) {
		return
	}
	l.order = slices.DeleteFunc(l.order, func(e *entry) bool { return e == nil })
	for i, e := range l.order {
		e.at = i
	}
}

// list returns the services in their order; nil for none.
func (l *services) list() (all []config.Service) {
	if len(l.byKey) > 0 {
		all = make([]config.Service, 0, len(l.byKey))
	}
	for _, e := range l.order {
		if e != nil {
			all = append(all, e.service)
		}
	}
	return all
}
