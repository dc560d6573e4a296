package desired

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/lvs"
)

// must does ops.
func must(t *testing.T, s *State, ops ...Operation) {
	t.Helper()
	if err := s.Do(ops); err != nil {
		t.Fatal(err)
	}
}

// TestEditService checks what an edit takes over and what it keeps.
func TestEditService(t *testing.T) {
	own := []config.LocalRange{{Addr: netip.MustParseAddr("203.0.113.9"), First: 1, Last: 2}}
	key := config.ServiceKey{Protocol: lvs.UDP, VIP: netip.MustParseAddr("192.0.2.1"), Port: 5060}
	full := config.Service{
		ServiceKey: key, Scheduler: "mh", Flags: lvs.SchedulerPort, Persistence: time.Minute, MaskBits: 24, Engine: "sip",
		OnePacket: true, LocalAddresses: own, ClientAddress: config.ProxyV2, MSSClamp: true, Reals: []config.Real{server(11, 1)},
	}
	plain := config.Service{ServiceKey: key, Scheduler: "rr", Reals: []config.Real{server(12, 1)}}
	kept := config.Service{
		ServiceKey: key, Scheduler: "rr", LocalAddresses: own, ClientAddress: config.ProxyV2, MSSClamp: true, Reals: full.Reals,
	}
	whole := config.Service{ServiceKey: key, Scheduler: "rr", Reals: full.Reals}
	other := config.Service{
		ServiceKey: key, Scheduler: "rr", LocalAddresses: []config.LocalRange{{Addr: own[0].Addr, First: 3, Last: 4}},
	}
	otherKept := kept
	otherKept.LocalAddresses = other.LocalAddresses
	tests := map[string]struct {
		op   Operation
		want config.Service
	}{
		"as ipvsadm does":   {Operation{Service: plain}, kept},
		"whole":             {Operation{Service: plain, Whole: true}, whole},
		"what is given":     {Operation{Service: other}, otherKept},
		"to what it is":     {Operation{Service: full}, full},
		"whole, as it is":   {Operation{Service: full, Whole: true}, full},
		"real servers stay": {Operation{Service: config.Service{ServiceKey: key, Scheduler: "rr"}}, kept},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, d := newState(t, config.Default())
			must(t, s, Operation{Kind: AddService, Service: full})
			tt.op.Kind = EditService
			must(t, s, tt.op)
			got, ok := s.Service(key)
			if !ok || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", tt.want) {
				t.Errorf("after the edit: %#v, want %#v", got, tt.want)
			}
			d.agrees(t, s)
		})
	}
}

// TestOrder checks that what is added comes behind what is there, and that what
// stays keeps its place.
func TestOrder(t *testing.T) {
	s, _ := newState(t, twoServices())
	must(t, s, Operation{Kind: AddService, Service: service(web(81), "rr")}, Operation{Kind: AddService, Service: service(web(79), "rr")})
	must(t, s, Operation{Kind: EditService, Service: service(web(80), "sh")}, Operation{Kind: DeleteService, Key: web(443)})
	must(t, s, Operation{Kind: DeleteService, Key: web(81)}, Operation{Kind: AddService, Service: service(web(443), "rr")})
	must(t, s,
		Operation{Kind: DeleteDestination, Key: web(80), Real: server(11, 1)},
		Operation{Kind: AddDestination, Key: web(80), Real: server(13, 1)},
		Operation{Kind: EditDestination, Key: web(80), Real: server(12, 2)},
		Operation{Kind: AddDestination, Key: web(80), Real: server(11, 1)})
	var ports []uint16
	for _, s := range s.Config().Services {
		ports = append(ports, s.Port)
	}
	if want := []uint16{80, 79, 443}; !slices.Equal(ports, want) {
		t.Errorf("services of ports %v, want %v", ports, want)
	}
	if got, want := s.Config().Services[0].Reals, []config.Real{server(12, 2), server(13, 1), server(11, 1)}; !slices.Equal(got, want) {
		t.Errorf("real servers %v, want %v", got, want)
	}
}

// TestWhatWasGivenOutStays checks that neither a later change nor the caller's
// own hands reach into a configuration.
func TestWhatWasGivenOutStays(t *testing.T) {
	s, _ := newState(t, twoServices())
	reals := []config.Real{server(1, 1), server(2, 1)}
	must(t, s, Operation{Kind: AddService, Service: service(web(81), "rr", reals...)})
	before, settings := s.Config(), s.Settings()
	reals[0].Weight = 99
	for i := range 3 {
		must(t, s,
			Operation{Kind: EditDestination, Key: web(81), Real: server(1, 10+i)},
			Operation{Kind: AddDestination, Key: web(81), Real: server(byte(10+i), 1)},
			Operation{Kind: DeleteDestination, Key: web(81), Real: server(2, 1)},
			Operation{Kind: AddDestination, Key: web(81), Real: server(2, 1)},
			Operation{Kind: SetTimeouts, Timeouts: config.Timeouts{UDP: time.Duration(1+i) * time.Second}})
	}
	if settings.Timeouts != before.Timeouts || s.Settings().Timeouts.UDP != 3*time.Second || settings.Services != nil {
		t.Errorf("the former settings have become %+v, and then %+v", settings, s.Settings())
	}
	if got, want := before.Services[2].Reals, []config.Real{server(1, 1), server(2, 1)}; !slices.Equal(got, want) || before.Timeouts.UDP != 300*time.Second {
		t.Errorf("the former configuration has become %v with %v", got, before.Timeouts)
	}
}

func TestOperationString(t *testing.T) {
	real := server(11, 1)
	tests := map[string]Operation{
		"add service TCP 192.0.2.1:80":                                      {Kind: AddService, Service: service(web(80), "rr")},
		"edit service TCP 192.0.2.1:80":                                     {Kind: EditService, Service: service(web(80), "rr")},
		"delete service TCP 192.0.2.1:80":                                   {Kind: DeleteService, Key: web(80)},
		"add destination 198.51.100.11:8080 to service TCP 192.0.2.1:80":    {Kind: AddDestination, Key: web(80), Real: real},
		"edit destination 198.51.100.11:8080 of service TCP 192.0.2.1:80":   {Kind: EditDestination, Key: web(80), Real: real},
		"delete destination 198.51.100.11:8080 of service TCP 192.0.2.1:80": {Kind: DeleteDestination, Key: web(80), Real: real},
		"flush":             {Kind: Flush},
		"zero all counters": {Kind: Zero},
		"zero the counters of service TCP 192.0.2.1:80": {Kind: Zero, Key: web(80)},
		"set timeouts":          {Kind: SetTimeouts},
		"set sysctl sloppy_tcp": {Kind: SetSysctl, Sysctl: "sloppy_tcp"},
		"operation of kind 0":   {},
	}
	for want, op := range tests {
		if got := op.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
