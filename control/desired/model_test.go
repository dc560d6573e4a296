package desired

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/config"
)

// A model is a State in the plainest way: a copy of everything for each
// operation, and the validation of everything after it.
type model struct{ config *config.Config }

func (m *model) copy() *config.Config {
	c := *m.config
	c.Services = slices.Clone(c.Services)
	for i := range c.Services {
		c.Services[i].Reals = slices.Clone(c.Services[i].Reals)
	}
	return &c
}

func (m *model) do(op *Operation) error {
	c := m.copy()
	if err := m.change(c, op); err != nil {
		return err
	}
	if err := c.Validate(); errors.Is(err, config.ErrUnknownScheduler) {
		return ErrNoScheduler
	} else if err != nil {
		return ErrInvalid
	}
	m.config = c
	return nil
}

func (m *model) change(c *config.Config, op *Operation) error {
	key := op.Key
	if op.Kind == AddService || op.Kind == EditService {
		key = op.Service.ServiceKey
	}
	at := slices.IndexFunc(c.Services, func(s config.Service) bool { return s.ServiceKey == key })
	switch op.Kind {
	case Flush:
		c.Services = nil
		return nil
	case SetTimeouts:
		c.Timeouts.UDP = op.Timeouts.UDP
		return nil
	case AddService:
		if at >= 0 {
			return ErrServiceExists
		}
		c.Services = append(c.Services, op.Service)
		return nil
	}
	if at < 0 {
		return ErrNoService
	}
	s := &c.Services[at]
	switch op.Kind {
	case EditService:
		next := op.Service
		next.Reals = s.Reals
		*s = next
	case DeleteService:
		c.Services = slices.Delete(c.Services, at, at+1)
	default:
		return m.changeReal(s, op)
	}
	return nil
}

func (m *model) changeReal(s *config.Service, op *Operation) error {
	at := slices.IndexFunc(s.Reals, func(r config.Real) bool { return r.RealKey == op.Real.RealKey })
	switch {
	case op.Kind == AddDestination && at >= 0:
		return ErrDestinationExists
	case op.Kind == AddDestination:
		s.Reals = append(s.Reals, op.Real)
	case at < 0:
		return ErrNoDestination
	case op.Kind == EditDestination:
		s.Reals[at] = op.Real
	default:
		s.Reals = slices.Delete(s.Reals, at, at+1)
	}
	return nil
}

// drawOperation draws one for few services and real servers, so that they meet;
// now and then it is wrong.
func drawOperation(t *rapid.T) Operation {
	key := web(uint16(rapid.IntRange(80, 83).Draw(t, "port")))
	s := service(key, rapid.SampledFrom([]string{"rr", "wlc", "twos", "best"}).Draw(t, "scheduler"))
	if rapid.IntRange(0, 3).Draw(t, "more") == 0 {
		s.Reals = append(s.Reals, server(1, 1))
		s.MSSClamp = true
	}
	return Operation{
		Kind: rapid.SampledFrom([]Kind{
			AddService, AddService, EditService, DeleteService, Flush, SetTimeouts,
			AddDestination, AddDestination, AddDestination, EditDestination, DeleteDestination, DeleteDestination,
		}).Draw(t, "kind"),
		Key: key, Service: s, Whole: true,
		Real:     server(byte(rapid.IntRange(1, 4).Draw(t, "real")), rapid.IntRange(-1, 9).Draw(t, "weight")),
		Timeouts: config.Timeouts{UDP: time.Duration(rapid.IntRange(1, 3).Draw(t, "udp")) * time.Second},
	}
}

// inOrder returns the services of c.
func inOrder(c *config.Config) (all []string) {
	for _, s := range c.Services {
		all = append(all, fmt.Sprintf("%v %v %+v", s, s.Scheduler, s.Reals))
	}
	return all
}

// TestModel does the same to a State, in batches, and to a model. The director
// refuses a service now and then.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, d := newState(t, twoServices())
		m := &model{twoServices()}
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			ops := rapid.SliceOfN(rapid.Custom(drawOperation), 0, 8).Draw(t, "operations")
			if rapid.Bool().Draw(t, "each") {
				for i, err := range s.DoEach(ops) {
					if want := m.do(&ops[i]); !errors.Is(err, want) || (err == nil) != (want == nil) {
						t.Fatalf("DoEach: %v: %v, want %v", &ops[i], err, want)
					}
				}
			} else {
				doAll(t, s, d, m, ops)
			}
			d.agrees(t, s)
			if got, want := inOrder(s.Config()), inOrder(m.config); !slices.Equal(got, want) || s.Config().Timeouts != m.config.Timeouts {
				t.Fatalf("services %v, want %v", got, want)
			}
		}
	})
}

// doAll does ops by Do. The director may refuse the outcome.
func doAll(t *rapid.T, s *State, d *fakeDirector, m *model, ops []Operation) {
	former, failed := m.config, error(nil)
	for i := range ops {
		if failed = m.do(&ops[i]); failed != nil {
			break
		}
	}
	d.refuse = refused
	defer func() { d.refuse = nil }()
	err := s.Do(ops)
	switch {
	case failed != nil && !errors.Is(err, failed):
		t.Fatalf("Do = %v, want %v", err, failed)
	case failed == nil && err != nil && !errors.Is(err, errRefused):
		t.Fatalf("Do = %v, want nothing, or that it is refused", err)
	}
	if err != nil {
		m.config = former
	}
}

// TestManyAtOnce has many change the State at once: no change is lost.
func TestManyAtOnce(t *testing.T) {
	s, d := newState(t, twoServices())
	const workers, each = 50, 8
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range each {
				port := uint16(1000 + w*each + i)
				errs := s.DoEach([]Operation{
					{Kind: AddService, Service: service(web(port), "rr")},
					{Kind: AddDestination, Key: web(port), Real: server(1, 1)},
				})
				if err := errors.Join(errs...); err != nil {
					t.Error(err)
				}
				if w%2 == 0 {
					_, _, _ = s.Config(), s.Origin(web(port)), s.Revision()
				}
				for { // a counter that everybody increments
					revision := s.Revision()
					sv, _ := s.Service(web(443))
					sv.Persistence, sv.MaskBits = sv.Persistence+time.Second, 32
					err := s.DoIf(revision, []Operation{{Kind: EditService, Service: sv}})
					if err == nil {
						break
					}
					if !errors.Is(err, ErrStale) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	if got := len(s.Config().Services); got != 2+workers*each {
		t.Errorf("%d services, want %d", got, 2+workers*each)
	}
	if sv, _ := s.Service(web(443)); sv.Persistence != workers*each*time.Second {
		t.Errorf("incremented %v times, want %d", sv.Persistence.Seconds(), workers*each)
	}
	if got := s.Revision(); got != 2*workers*each {
		t.Errorf("revision %d, want %d", got, 2*workers*each)
	}
	d.agrees(t, s)
}
