// Package desired keeps what a director is to do, which several masters say: a
// file, and people and programs who change single things while it runs.
//
// A State is the one place where that changes. A change is made in the State,
// checked for no more than what it touches, and taken back if the director
// refuses it, so that State and director always agree. What the file says again
// is merged with what was done since it was read: a reload undoes nobody's work
// that it does not contradict. Nothing here knows who asks, or how.
package desired

import (
	"errors"
	"fmt"
	"sync"

	"xlvs/config"
)

// A Director does what is desired. It changes all or nothing. What it is given
// it may keep, and must not change.
type Director interface {
	Apply(*config.Config) error
	Patch(config.Patch) error
	Zero(*config.ServiceKey) error // nil: all
}

// A State is what a director is to do. Its methods may be called by several
// goroutines at once; they change one after the other.
type State struct {
	mu       sync.Mutex
	director Director
	settings *config.Config // in force, without services
	services services
	checker  *config.Checker
	file     *config.Config
	revision uint64
}

// New returns the State of a director that has file in force; nil for none,
// which is the default configuration. From then on nobody else may change the
// director, or file.
func New(d Director, file *config.Config) *State {
	s := &State{director: d, file: file}
	if file == nil {
		s.file = config.Default()
	}
	s.reset(s.file, nil)
	return s
}

// reset makes c what is in force. The services of runtime were made at run time,
// the others are the file's.
func (s *State) reset(c *config.Config, runtime map[config.ServiceKey]bool) {
	s.services = newServices(len(c.Services))
	for i := range c.Services {
		e := &entry{service: c.Services[i], origin: FromFile}
		if runtime[e.service.ServiceKey] {
			e.origin = FromRuntime
		}
		s.services.append(e)
	}
	s.checker = config.NewChecker(c)
	settings := *c
	settings.Services = nil
	s.settings = &settings
}

// Do does all of ops, one after the other, or nothing. The error for one that
// cannot be done is an *OperationError. Counters that are to start from zero do
// so once everything else is in force.
func (s *State) Do(ops []Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.do(ops)
}

// DoIf is Do for a caller who has seen the state at revision: it fails with
// ErrStale if there was a change since.
func (s *State) DoIf(revision uint64, ops []Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if revision != s.revision {
		return fmt.Errorf("revision %d, now %d: %w", revision, s.revision, ErrStale)
	}
	return s.do(ops)
}

func (s *State) do(ops []Operation) error {
	b := s.begin()
	for i := range ops {
		if err := b.do(i, &ops[i]); err != nil {
			b.undo()
			return &OperationError{i, len(ops), err}
		}
	}
	if err := b.commit(); err != nil {
		return err
	}
	var errs []error
	b.zero(ops, func(i int, err error) { errs = append(errs, &OperationError{i, len(ops), err}) })
	return errors.Join(errs...)
}

// DoEach does each of ops that can be done, one after the other, and returns
// why each of the others was not: an error or nil for each. The director sees
// one change for all of them, unless it refuses that.
func (s *State) DoEach(ops []Operation) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := make([]error, len(ops))
	s.doEach(ops, errs)
	return errs
}

// doEach is DoEach into errs. What the director refuses as a whole it may take
// in parts: each half is tried by itself, until what is refused is one
// operation.
func (s *State) doEach(ops []Operation, errs []error) {
	b := s.begin()
	for i := range ops {
		errs[i] = b.do(i, &ops[i])
	}
	err := b.commit()
	switch half := len(ops) / 2; {
	case err == nil:
		b.zero(ops, func(i int, err error) { errs[i] = err })
	case half == 0:
		errs[0] = fmt.Errorf("%v: %w", &ops[0], err)
	default:
		s.doEach(ops[:half], errs[:half])
		s.doEach(ops[half:], errs[half:])
	}
}

// Revision counts the changes so far.
func (s *State) Revision() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// Config returns the running state as a whole, services and real servers in the
// order in which they came. What a service holds is shared with the State and
// must not be changed.
func (s *State) Config() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config()
}

// Settings returns the running state but for its services.
func (s *State) Settings() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *s.settings
	return &c
}

// ToSave returns the running state as a file is to have it: with the settings that
// the file has and that wait for a restart.
func (s *State) ToSave() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.config()
	c.Dataplane, c.Control, c.Watch = s.file.Dataplane, s.file.Control, s.file.Watch
	return c
}

func (s *State) config() *config.Config {
	c := *s.settings
	c.Services = s.services.list()
	return &c
}

// Service returns one service of the running state, under the rule of Config.
func (s *State) Service(key config.ServiceKey) (config.Service, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.services.byKey[key]
	if e == nil {
		return config.Service{}, false
	}
	return e.service, true
}

// File returns what the file said when it was read last; without a file, the
// default configuration. It has settings that the running state lacks: those
// that need a restart.
func (s *State) File() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file
}
