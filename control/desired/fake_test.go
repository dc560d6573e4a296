package desired

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"xlvs/config"
	"xlvs/lvs"
)

var errRefused = errors.New("refused")

// A fakeDirector keeps what it is told to do, and can refuse it.
type fakeDirector struct {
	settings config.Config
	services map[config.ServiceKey]config.Service
	calls    []string                     // "apply", "patch sysctls +2 -1", "zero TCP 192.0.2.1:80", "zero"
	refuse   func(s *config.Service) bool // which services it cannot have
	zeroErr  error
}

func (d *fakeDirector) Apply(c *config.Config) error {
	d.calls = append(d.calls, "apply")
	if err := c.Validate(); err != nil {
		return err
	}
	if d.refuse != nil && slices.ContainsFunc(c.Services, func(s config.Service) bool { return d.refuse(&s) }) {
		return errRefused
	}
	d.settings, d.services = *c, make(map[config.ServiceKey]config.Service)
	d.settings.Services = nil
	for _, s := range c.Services {
		d.services[s.ServiceKey] = s
	}
	return nil
}

func (d *fakeDirector) Patch(p config.Patch) error {
	call := "patch"
	if p.Timeouts != nil {
		call += " timeouts"
	}
	if p.Sysctl != nil {
		call += " sysctls"
	}
	d.calls = append(d.calls, fmt.Sprintf("%s +%d -%d", call, len(p.Set), len(p.Removed)))
	now := d.settings
	now.Services = slices.Collect(maps.Values(d.services))
	if err := now.CheckPatch(p); err != nil {
		return err
	}
	if d.refuse != nil && slices.ContainsFunc(p.Set, func(s config.Service) bool { return d.refuse(&s) }) {
		return errRefused
	}
	d.settings = *p.Settings(&now)
	for _, key := range p.Removed {
		delete(d.services, key)
	}
	for _, s := range p.Set {
		d.services[s.ServiceKey] = s
	}
	return nil
}

func (d *fakeDirector) Zero(key *config.ServiceKey) error {
	call := "zero"
	if key != nil {
		call += " " + key.String()
	}
	d.calls = append(d.calls, call)
	return d.zeroErr
}

// newState returns the State of a fakeDirector that has file in force.
func newState(t interface {
	Helper()
	Fatalf(string, ...any)
}, file *config.Config) (*State, *fakeDirector) {
	t.Helper()
	d := new(fakeDirector)
	if err := d.Apply(file); err != nil {
		t.Fatalf("the file is wrong: %v", err)
	}
	d.calls = nil
	return New(d, file), d
}

// web returns the key of a service that takes TCP on a port of 192.0.2.1.
func web(port uint16) config.ServiceKey {
	return config.ServiceKey{Protocol: lvs.TCP, VIP: netip.MustParseAddr("192.0.2.1"), Port: port}
}

// server returns a real server behind nat.
func server(last byte, weight int) config.Real {
	return config.Real{
		RealKey: config.RealKey{Addr: netip.AddrFrom4([4]byte{198, 51, 100, last}), Port: 8080}, Method: lvs.NAT, Weight: weight,
	}
}

// service returns a service, with its real servers.
func service(key config.ServiceKey, scheduler string, reals ...config.Real) config.Service {
	return config.Service{ServiceKey: key, Scheduler: scheduler, Reals: reals}
}

// twoServices is a file with ports 80, which has two real servers, and 443.
func twoServices() *config.Config {
	c := config.Default()
	c.LocalAddresses = []config.LocalRange{{Addr: netip.MustParseAddr("203.0.113.2"), First: 1024, Last: 65535}}
	c.Services = []config.Service{service(web(80), "rr", server(11, 1), server(12, 1)), service(web(443), "wlc")}
	return c
}

// agrees fails t unless the director has what the State has.
func (d *fakeDirector) agrees(t interface {
	Helper()
	Errorf(string, ...any)
}, s *State) {
	t.Helper()
	c := d.settings
	c.Services = slices.Collect(maps.Values(d.services))
	if changes := config.Diff(&c, s.Config()); len(changes) > 0 {
		t.Errorf("the director does not have what the state has: %v", changes)
	}
}

// refused is a service that some tests have the director refuse.
func refused(s *config.Service) bool { return s.Scheduler == "twos" }
