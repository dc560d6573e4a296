package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Errors that Validate wraps.
var (
	ErrDuplicateService      = errors.New("duplicate service")
	ErrDuplicateReal         = errors.New("duplicate real server")
	ErrDuplicateMark         = errors.New("duplicate mark rule")
	ErrDuplicateInterface    = errors.New("duplicate interface")
	ErrDuplicateLocalAddress = errors.New("overlapping local addresses")
	ErrDuplicatePort         = errors.New("duplicate port")
	ErrNoLocalAddress        = errors.New("no local address")
	ErrInterface             = errors.New("not an interface name")
	ErrForeignInterface      = errors.New("not among the interfaces")
	ErrAddress               = errors.New("unusable address")
	ErrAddressFamily         = errors.New("address family mismatch")
	ErrPort                  = errors.New("port mismatch")
	ErrRange                 = errors.New("out of range")
	ErrUnknownName           = errors.New("unknown name")
	ErrUnknownService        = errors.New("no such service")
	ErrSocket                = errors.New("not a path for a socket")
	ErrGroup                 = errors.New("not a group name")
	ErrMethod                = errors.New("method mismatch")
	ErrTunnel                = errors.New("tunnel mismatch")
	ErrClientAddress         = errors.New("client address mismatch")
)

// ErrUnknownScheduler is the ErrUnknownName of a scheduler or a persistence engine,
// which the kernel tells from other mistakes.
var ErrUnknownScheduler = fmt.Errorf("%w", ErrUnknownName)

// ErrThresholds is the ErrRange of a lower threshold above the upper one, which the
// kernel tells from other mistakes, too.
var ErrThresholds = fmt.Errorf("%w", ErrRange)

// Validate reports everything that is wrong with c, joined. What Parse returns
// is valid already.
func (c *Config) Validate() error {
	var errs []error
	c.check(func(_ string, err error) { errs = append(errs, err) })
	return errors.Join(errs...)
}

// A reporter takes an error and the path in a file of the value that it is
// about.
type reporter func(path string, err error)

// check reports err about key, if there is one.
func (r reporter) check(key string, err error) {
	if err != nil {
		r(key, err)
	}
}

// inside returns a reporter for the table at path, which errors call label. An
// empty key there is the table itself.
func (r reporter) inside(path, label string) reporter {
	return r.at(func() (string, string) { return path, label })
}

// at is inside for a table of many: its names are made only for an error.
func (r reporter) at(names func() (path, label string)) reporter {
	return func(key string, err error) {
		path, label := names()
		if key != "" {
			path = join(path, key)
		}
		r(path, fmt.Errorf("%s: %w", label, err))
	}
}

// check reports everything that is wrong with c.
func (c *Config) check(r reporter) {
	vips := c.vips()
	isVIP := func(a netip.Addr) bool { return vips[a] }
	c.checkSettings(r, isVIP)
	first := make(map[ServiceKey]int, len(c.Services))
	for i := range c.Services {
		s := &c.Services[i]
		sr := r.at(func() (string, string) { return "service." + strconv.Itoa(i), s.label(i) })
		c.checkService(sr, s, isVIP)
		if j, ok := first[s.ServiceKey]; ok {
			sr("", fmt.Errorf("%w: the same as service %d", ErrDuplicateService, j+1))
		} else if s.readable() {
			first[s.ServiceKey] = i
		}
	}
}

// checkSettings reports what is wrong with all but the services.
func (c *Config) checkSettings(r reporter, isVIP func(netip.Addr) bool) {
	c.Dataplane.check(r.inside("dataplane", "dataplane"))
	c.Timeouts.check(r.inside("timeouts", "timeouts"))
	checkSysctls(&c.Sysctl, r.inside("sysctl", "sysctl"))
	c.checkMarks(r)
	checkLocals(r.inside("fullnat", "fullnat"), c.LocalAddresses, isVIP)
	c.checkFTP(r.inside("ftp", "ftp"))
	c.Control.check(r.inside("control", "control"))
}

// checkService reports what is wrong with s under the settings of c.
func (c *Config) checkService(r reporter, s *Service, isVIP func(netip.Addr) bool) {
	s.check(r)
	checkLocals(r, s.LocalAddresses, isVIP)
	s.checkMethods(r, c.LocalsOf(s))
}

// check reports what is wrong with d.
func (d *Dataplane) check(r reporter) {
	for i, name := range d.Interfaces {
		r.check(fmt.Sprintf("interfaces.%d", i), checkInterface(name, d.Interfaces[:i]))
	}
	r.check("mode", spelt("mode", modeWords[:], d.Mode))
	r.check("prefer", spelt("prefer", preferWords[:], d.Prefer))
	r.check("workers", within("workers", d.Workers, 0, MaxWorkers))
	r.check("max_connections", within("max_connections", d.MaxConnections, 1, MaxConnections))
	if d.BusyPoll != 0 {
		r.check("busy_poll", within("busy_poll", d.BusyPoll, MinBusyPoll, MaxBusyPoll))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Interface)) {
		s := d.Interface[name]
		s.check(r.inside(join("interface", name), fmt.Sprintf("interface %q", name)))
		r.check(join("interface", name), d.checkForeign(name))
	}
}

// checkForeign checks the name of an interface that must be one of d's.
func (d *Dataplane) checkForeign(name string) error {
	if len(d.Interfaces) > 0 && !slices.Contains(d.Interfaces, name) {
		return fmt.Errorf("interface %q: %w: interfaces must list it, or be empty", name, ErrForeignInterface)
	}
	return checkInterface(name, nil)
}

// check reports what is wrong with s.
func (s *InterfaceSettings) check(r reporter) {
	if s.Mode != "" {
		r.check("mode", spelt("mode", modeWords[:], s.Mode))
	}
	if s.Prefer != "" {
		r.check("prefer", spelt("prefer", preferWords[:], s.Prefer))
	}
}

// spelt returns an error unless a file can say value.
func spelt[T ~string](key string, words []word[T], value T) error {
	if _, ok := nameOf(words, value); !ok {
		return fmt.Errorf("%s %q: %w: must be %s", key, value, ErrUnknownName, oneOf(words))
	}
	return nil
}

// checkInterface checks name by the kernel's rule (dev_valid_name) and against
// the names before it.
func checkInterface(name string, before []string) error {
	switch {
	case name == "" || name == "." || name == ".." || len(name) > maxInterface:
		return fmt.Errorf("interface %q: %w: must have 1 to %d bytes", name, ErrInterface, maxInterface)
	case strings.ContainsFunc(name, notInInterface):
		return fmt.Errorf("interface %q: %w: must be printable, without space, colon or slash", name, ErrInterface)
	case slices.Contains(before, name):
		return fmt.Errorf("interface %q: %w", name, ErrDuplicateInterface)
	}
	return nil
}

// notInInterface reports whether an interface name cannot have c.
func notInInterface(c rune) bool {
	return c == '/' || c == ':' || c == unicode.ReplacementChar || unicode.IsSpace(c) || !unicode.IsPrint(c)
}

// check reports what is wrong with t.
func (t *Timeouts) check(r reporter) {
	r.check("tcp", within("tcp", t.TCP, MinTimeout, MaxTimeout))
	r.check("tcpfin", within("tcpfin", t.TCPFin, MinTimeout, MaxTimeout))
	r.check("udp", within("udp", t.UDP, MinTimeout, MaxTimeout))
}

// within returns an error unless lo <= v <= hi.
func within[T cmp.Ordered](what string, v, lo, hi T) error {
	if v < lo || v > hi {
		return fmt.Errorf("%s %v: %w: must be from %v to %v", what, v, ErrRange, lo, hi)
	}
	return nil
}
