package config

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// patched returns c after p, as the comments of Patch have it.
func patched(c *Config, p Patch) *Config {
	next := *c
	next.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s Service) bool { return slices.Contains(p.Removed, s.ServiceKey) })
	for _, s := range p.Set {
		at := slices.IndexFunc(next.Services, func(old Service) bool { return old.ServiceKey == s.ServiceKey })
		if at < 0 {
			next.Services = append(next.Services, s)
		} else {
			next.Services[at] = s
		}
	}
	return &next
}

// dns returns a service of an address that full does not have.
func dns(vip string, reals ...Real) Service {
	return Service{ServiceKey: ServiceKey{Protocol: lvs.UDP, VIP: netip.MustParseAddr(vip), Port: 53}, Scheduler: "rr", Reals: reals}
}

func TestCheckPatch(t *testing.T) {
	c := full()
	web := c.Services[0].ServiceKey
	badWeight := dns("192.0.2.9", realServer("198.51.100.1", 53, lvs.NAT, -1))
	byMark := Service{ServiceKey: ServiceKey{Mark: 77, VIP: netip.IPv4Unspecified()}, Scheduler: "rr"}
	localVIP := dns("192.0.2.9")
	localVIP.LocalAddresses = []LocalRange{local("192.0.2.1", 1, 2)}
	ownVIP := dns("192.0.2.9")
	ownVIP.LocalAddresses = []LocalRange{local("192.0.2.9", 1, 2)}
	localsOfOther := dns("203.0.113.4")
	noLongerLocal := c.Services[fullNAT]
	noLongerLocal.LocalAddresses = noLongerLocal.LocalAddresses[1:]
	noLongerLocal.Reals = noLongerLocal.Reals[:1]
	tests := map[string]struct {
		p    Patch
		want error
	}{
		"nothing":                                {Patch{}, nil},
		"new service":                            {Patch{Set: []Service{dns("192.0.2.9")}}, nil},
		"fullnat by the local addresses of all":  {Patch{Set: []Service{dns("192.0.2.9", realServer("198.51.100.1", 53, lvs.FullNAT, 1))}}, nil},
		"mark that no rule gives":                {Patch{Set: []Service{byMark}}, nil},
		"replaced service":                       {Patch{Set: []Service{{ServiceKey: web, Scheduler: "sh"}}}, nil},
		"removed service":                        {Patch{Removed: []ServiceKey{web}}, nil},
		"service that is not valid":              {Patch{Set: []Service{badWeight}}, ErrRange},
		"service without a scheduler":            {Patch{Set: []Service{{ServiceKey: web}}}, ErrUnknownScheduler},
		"removed service that is not there":      {Patch{Removed: []ServiceKey{badWeight.ServiceKey}}, ErrUnknownService},
		"removed twice":                          {Patch{Removed: []ServiceKey{web, web}}, ErrDuplicateService},
		"set twice":                              {Patch{Set: []Service{byMark, byMark}}, ErrDuplicateService},
		"removed, and another of its key":        {Patch{Set: []Service{c.Services[0]}, Removed: []ServiceKey{web}}, nil},
		"removed, but not there, and set":        {Patch{Set: []Service{byMark}, Removed: []ServiceKey{byMark.ServiceKey}}, ErrUnknownService},
		"timeouts and sysctls":                   {Patch{Timeouts: &c.Timeouts, Sysctl: &c.Sysctl}, nil},
		"a timeout of nothing":                   {Patch{Timeouts: &Timeouts{TCP: time.Second, UDP: time.Second}}, ErrRange},
		"a sysctl out of range":                  {Patch{Sysctl: &lvs.Sysctls{DropEntry: 4}}, ErrRange},
		"VIP is a local address of all":          {Patch{Set: []Service{dns("203.0.113.2")}}, ErrAddress},
		"VIP is a local address of another":      {Patch{Set: []Service{localsOfOther}}, ErrAddress},
		"VIP was a local address of another":     {Patch{Set: []Service{localsOfOther, noLongerLocal}}, nil},
		"VIP was one of a service that goes":     {Patch{Set: []Service{localsOfOther}, Removed: []ServiceKey{noLongerLocal.ServiceKey}}, nil},
		"local address is the VIP of another":    {Patch{Set: []Service{localVIP}}, ErrAddress},
		"local address is its own VIP":           {Patch{Set: []Service{ownVIP}}, ErrAddress},
		"local address is the VIP of a new one":  {Patch{Set: []Service{dns("192.0.2.8"), {ServiceKey: web, Scheduler: "rr", LocalAddresses: []LocalRange{local("192.0.2.8", 1, 2)}}}}, ErrAddress},
		"local address, and the VIP's last goes": {Patch{Set: []Service{{ServiceKey: web, Scheduler: "rr", LocalAddresses: []LocalRange{local("192.0.2.2", 1, 2)}}}, Removed: []ServiceKey{c.Services[allPorts].ServiceKey}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := c.CheckPatch(tt.p); !errors.Is(err, tt.want) || (err != nil) != (tt.want != nil) {
				t.Errorf("CheckPatch = %v, want %v", err, tt.want)
			}
		})
	}
}

// TestCheckPatchAgreesWithValidate turns one random configuration into parts of
// another.
func TestCheckPatchAgreesWithValidate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, other := drawConfig(t), drawConfig(t)
		var p Patch
		for _, s := range other.Services {
			if rapid.Bool().Draw(t, "bad") {
				s.LocalAddresses = []LocalRange{local(rapid.SampledFrom([]string{"192.0.2.1", "203.0.113.9"}).Draw(t, "local"), 1, 2)}
			}
			if rapid.IntRange(0, 5).Draw(t, "local VIP") == 0 && !s.byMark() && s.VIP.Is4() {
				s.VIP = netip.MustParseAddr("203.0.113.2")
			}
			if !slices.ContainsFunc(p.Set, func(o Service) bool { return o.ServiceKey == s.ServiceKey }) {
				p.Set = append(p.Set, s)
			}
		}
		for _, s := range c.Services {
			isSet := slices.ContainsFunc(p.Set, func(o Service) bool { return o.ServiceKey == s.ServiceKey })
			if !isSet && rapid.Bool().Draw(t, "removed") {
				p.Removed = append(p.Removed, s.ServiceKey)
			}
		}
		got, want := c.CheckPatch(p), patched(c, p).Validate()
		if (got == nil) != (want == nil) {
			t.Fatalf("CheckPatch = %v, Validate of the outcome %v", got, want)
		}
	})
}

// TestChecker checks services that are added and removed again.
func TestChecker(t *testing.T) {
	c := full()
	k := NewChecker(c)
	for i := range c.Services {
		if err := k.Check(&c.Services[i]); err != nil {
			t.Errorf("Check(%v) = %v", c.Services[i], err)
		}
	}
	added := dns("192.0.2.9")
	lender := dns("192.0.2.10")
	lender.LocalAddresses = []LocalRange{local("192.0.2.9", 1, 2)}
	if err := k.Check(&lender); err != nil {
		t.Errorf("Check = %v", err)
	}
	k.Add(&added)
	if err := k.Check(&lender); !errors.Is(err, ErrAddress) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Check with a local address that is virtual = %v, want one ErrAddress", err)
	}
	k.Remove(&added)
	k.Add(&lender)
	if err := k.Check(&added); !errors.Is(err, ErrAddress) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Check of a VIP that is local = %v, want one ErrAddress", err)
	}
	k.Remove(&lender)
	if err := k.Check(&added); err != nil {
		t.Errorf("Check = %v", err)
	}
}

func TestCheckSettings(t *testing.T) {
	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"nothing":              {func(*Config) {}, nil},
		"a service":            {func(c *Config) { c.Services[0].Scheduler = "" }, nil},
		"a timeout":            {func(c *Config) { c.Timeouts.UDP = 0 }, ErrRange},
		"a local address: VIP": {func(c *Config) { c.LocalAddresses[0].Addr = vip4 }, ErrAddress},
	}
	for name, tt := range tests {
		c := full()
		tt.breaks(c)
		if err := c.CheckSettings(); !errors.Is(err, tt.want) || (err != nil) != (tt.want != nil) {
			t.Errorf("%s: CheckSettings() = %v, want %v", name, err, tt.want)
		}
	}
}
