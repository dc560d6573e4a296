package keepalived

import (
	"slices"
	"strings"

	"xlvs/config"
)

// maxServices bounds what groups and sequences make.
const maxServices = 1 << 13

// add adds a service of v, without what a configuration cannot have: keepalived
// lets more pass than IPVS takes.
func (t *translation) add(v *virtual, at position, s config.Service) error {
	if len(t.config.Services) == maxServices {
		return at.errorf("%w: more than %d services", ErrLimit, maxServices)
	}
	if t.keys[s.ServiceKey] {
		t.notes.add(at, "%s: there is a service %v: left out", v.what, s.ServiceKey)
		return nil
	}
	t.keys[s.ServiceKey] = true
	if check(s) != nil {
		reals := s.Reals
		s.Reals = nil
		if err := check(s); err != nil {
			t.notes.add(at, "%s: left out: %s", v.what, oneLine(err))
			return nil
		}
		s.Reals = t.fitting(v, s, reals)
	}
	t.config.Services = append(t.config.Services, s)
	return nil
}

// fitting returns those of reals that s, which has none, can have together.
func (t *translation) fitting(v *virtual, s config.Service, reals []config.Real) (fit []config.Real) {
	for i, r := range reals {
		if slices.ContainsFunc(fit, func(f config.Real) bool { return f.RealKey == r.RealKey }) {
			t.notes.add(v.reals[i].at, "real_server %v: it is there already: left out", r.RealKey)
			continue
		}
		s.Reals = []config.Real{r}
		if err := check(s); err != nil {
			t.notes.add(v.reals[i].at, "real_server %v: left out: %s", r.RealKey, oneLine(err))
			continue
		}
		fit = append(fit, r)
	}
	return fit
}

// check returns what a configuration has against s alone.
func check(s config.Service) error {
	c := config.Default()
	c.Services = []config.Service{s}
	return c.Validate()
}

// oneLine returns joined errors as one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
