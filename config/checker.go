package config

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strconv"
)

// A Checker checks single services of a configuration as Validate checks it
// whole: for each that changes, without a look at the others. It knows of those
// what they must not share, which is an address that is virtual here and local
// there.
type Checker struct {
	settings     *Config // of which the services are not looked at
	vips, locals map[netip.Addr]int
}

// NewChecker returns a Checker that knows the services of c. It checks others
// under the settings of c, which must not change meanwhile.
func NewChecker(c *Config) *Checker {
	k := emptyChecker(c)
	for i := range c.Services {
		k.Add(&c.Services[i])
	}
	return k
}

func emptyChecker(c *Config) *Checker {
	return &Checker{settings: c, vips: make(map[netip.Addr]int), locals: make(map[netip.Addr]int)}
}

// Add makes s known.
func (k *Checker) Add(s *Service) { k.count(s, 1) }

// Remove makes s, as it was added, unknown.
func (k *Checker) Remove(s *Service) { k.count(s, -1) }

func (k *Checker) count(s *Service, n int) {
	countAddr(k.vips, s.VIP, n)
	for _, l := range s.LocalAddresses {
		countAddr(k.locals, l.Addr, n)
	}
}

func countAddr(counts map[netip.Addr]int, a netip.Addr, n int) {
	if counts[a] += n; counts[a] == 0 {
		delete(counts, a)
	}
}

// Check reports everything that is wrong with s beside the services that k
// knows, joined. That s is not there twice is for the caller to see to.
func (k *Checker) Check(s *Service) error {
	var errs []error
	k.check(func(_ string, err error) { errs = append(errs, err) }, s)
	return errors.Join(errs...)
}

// check reports what is wrong with s.
func (k *Checker) check(r reporter, s *Service) {
	k.settings.checkService(r, s, func(a netip.Addr) bool { return a == s.VIP || k.vips[a] > 0 })
	isIts := func(l LocalRange) bool { return l.Addr == s.VIP }
	if k.locals[s.VIP] > 0 || slices.ContainsFunc(k.settings.LocalAddresses, isIts) {
		r.check("vip", checkAddress("vip", s.VIP, "must not be a local address"))
	}
}

// CheckSettings reports everything that is wrong with c but its services,
// joined.
func (c *Config) CheckSettings() error {
	var errs []error
	vips := c.vips()
	c.checkSettings(func(_ string, err error) { errs = append(errs, err) }, func(a netip.Addr) bool { return vips[a] })
	return errors.Join(errs...)
}

// CheckPatch reports everything that would be wrong with c, which is valid, once
// p has been made, joined. Only the services of p are checked; the others are
// asked for nothing but their keys and the addresses that p mentions.
func (c *Config) CheckPatch(p Patch) error {
	var errs []error
	note := func(_ string, err error) { errs = append(errs, err) }
	set, removed := checkKeys(note, keysOf(p.Set)), checkKeys(note, slices.Values(p.Removed))
	k := emptyChecker(p.Settings(c))
	k.settings.Timeouts.check(reporter(note).inside("timeouts", "timeouts"))
	checkSysctls(&k.settings.Sysctl, reporter(note).inside("sysctl", "sysctl"))
	wanted := p.addresses()
	for i := range c.Services {
		s := &c.Services[i]
		if _, goes := removed[s.ServiceKey]; goes {
			removed[s.ServiceKey] = true
			continue
		}
		if _, changes := set[s.ServiceKey]; changes {
			continue
		}
		if wanted[s.VIP] {
			k.vips[s.VIP]++
		}
		for _, l := range s.LocalAddresses {
			if wanted[l.Addr] {
				k.locals[l.Addr]++
			}
		}
	}
	for _, key := range p.Removed {
		if !removed[key] { // it is not there
			errs = append(errs, fmt.Errorf("service %v: %w", key, ErrUnknownService))
		}
	}
	for i := range p.Set {
		k.Add(&p.Set[i])
	}
	for i := range p.Set {
		s := &p.Set[i]
		k.check(reporter(note).at(func() (string, string) { return strconv.Itoa(i), s.label(i) }), s)
	}
	return errors.Join(errs...)
}

// checkKeys reports those of keys that are there twice. It returns them all, each
// with false.
func checkKeys(r reporter, keys iter.Seq[ServiceKey]) map[ServiceKey]bool {
	all := make(map[ServiceKey]bool)
	for key := range keys {
		if _, twice := all[key]; twice {
			r("", fmt.Errorf("service %v: %w", key, ErrDuplicateService))
		}
		all[key] = false
	}
	return all
}

// keysOf returns the keys of services.
func keysOf(services []Service) iter.Seq[ServiceKey] {
	return func(yield func(ServiceKey) bool) {
		for i := range services {
			if !yield(services[i].ServiceKey) {
				return
			}
		}
	}
}

// addresses returns those that p's services must not share with others.
func (p Patch) addresses() map[netip.Addr]bool {
	all := make(map[netip.Addr]bool, len(p.Set))
	for i := range p.Set {
		all[p.Set[i].VIP] = true
		for _, l := range p.Set[i].LocalAddresses {
			all[l.Addr] = true
		}
	}
	return all
}
