package desired

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/lvs"
)

// TestDo does one operation to twoServices.
func TestDo(t *testing.T) {
	bad := server(11, config.MaxWeight+1)
	crossed := server(11, 1)
	crossed.Upper, crossed.Lower = 5, 6
	fullnat6 := config.Real{RealKey: config.RealKey{Addr: netip.MustParseAddr("2001:db8::1"), Port: 80}, Method: lvs.FullNAT}
	vipIsLocal := service(config.ServiceKey{Protocol: lvs.UDP, VIP: netip.MustParseAddr("203.0.113.2"), Port: 53}, "rr")
	withEngine := service(web(81), "rr")
	withEngine.Engine = "rtsp"
	tests := map[string]struct {
		op   Operation
		want error
		call string // what the director sees
	}{
		"add service":                          {Operation{Kind: AddService, Service: service(web(81), "mh", server(11, 1))}, nil, "patch +1 -0"},
		"add service that is there":            {Operation{Kind: AddService, Service: service(web(80), "rr")}, ErrServiceExists, ""},
		"add service, no scheduler":            {Operation{Kind: AddService, Service: service(web(81), "best")}, ErrNoScheduler, ""},
		"add service without a scheduler":      {Operation{Kind: AddService, Service: service(web(81), lvs.NoScheduler)}, nil, "patch +1 -0"},
		"add service, no engine":               {Operation{Kind: AddService, Service: withEngine}, ErrNoScheduler, ""},
		"add service without a key":            {Operation{Kind: AddService, Service: service(config.ServiceKey{}, "rr")}, ErrInvalid, ""},
		"add service for all ports":            {Operation{Kind: AddService, Service: service(web(0), "rr")}, ErrInvalid, ""},
		"add service with a bad server":        {Operation{Kind: AddService, Service: service(web(81), "rr", bad)}, ErrInvalid, ""},
		"add service, same server twice":       {Operation{Kind: AddService, Service: service(web(81), "rr", server(1, 1), server(1, 1))}, ErrInvalid, ""},
		"add service on a local address":       {Operation{Kind: AddService, Service: vipIsLocal}, ErrInvalid, ""},
		"edit service":                         {Operation{Kind: EditService, Service: service(web(80), "sh")}, nil, "patch +1 -0"},
		"edit service that is not there":       {Operation{Kind: EditService, Service: service(web(81), "rr")}, ErrNoService, ""},
		"edit service, no scheduler":           {Operation{Kind: EditService, Service: service(web(80), "")}, ErrNoScheduler, ""},
		"edit service to too long a mask":      {Operation{Kind: EditService, Service: config.Service{ServiceKey: web(80), Scheduler: "rr", MaskBits: 33}}, ErrInvalid, ""},
		"delete service":                       {Operation{Kind: DeleteService, Key: web(443)}, nil, "patch +0 -1"},
		"delete service that is not there":     {Operation{Kind: DeleteService, Key: web(81)}, ErrNoService, ""},
		"delete no service":                    {Operation{Kind: DeleteService}, ErrNoService, ""},
		"add destination":                      {Operation{Kind: AddDestination, Key: web(443), Real: server(11, 1)}, nil, "patch +1 -0"},
		"add destination, no service":          {Operation{Kind: AddDestination, Key: web(81), Real: server(11, 1)}, ErrNoService, ""},
		"add destination that is there":        {Operation{Kind: AddDestination, Key: web(80), Real: server(11, 2)}, ErrDestinationExists, ""},
		"add destination of too much weight":   {Operation{Kind: AddDestination, Key: web(443), Real: bad}, ErrInvalid, ""},
		"add destination, thresholds crossed":  {Operation{Kind: AddDestination, Key: web(443), Real: crossed}, ErrThresholds, ""},
		"add destination without an address":   {Operation{Kind: AddDestination, Key: web(80)}, ErrInvalid, ""},
		"add destination, no local address":    {Operation{Kind: AddDestination, Key: web(80), Real: fullnat6}, ErrInvalid, ""},
		"edit destination":                     {Operation{Kind: EditDestination, Key: web(80), Real: server(12, 7)}, nil, "patch +1 -0"},
		"edit destination, no service":         {Operation{Kind: EditDestination, Key: web(81), Real: server(11, 1)}, ErrNoService, ""},
		"edit destination that is not there":   {Operation{Kind: EditDestination, Key: web(443), Real: server(11, 1)}, ErrNoDestination, ""},
		"edit destination to too much weight":  {Operation{Kind: EditDestination, Key: web(80), Real: bad}, ErrInvalid, ""},
		"delete destination":                   {Operation{Kind: DeleteDestination, Key: web(80), Real: server(11, 0)}, nil, "patch +1 -0"},
		"delete destination, no service":       {Operation{Kind: DeleteDestination, Key: web(81), Real: server(11, 0)}, ErrNoService, ""},
		"delete destination that is not there": {Operation{Kind: DeleteDestination, Key: web(80), Real: server(13, 0)}, ErrNoDestination, ""},
		"flush":                                {Operation{Kind: Flush}, nil, "patch +0 -2"},
		"zero":                                 {Operation{Kind: Zero, Key: web(80)}, nil, "zero TCP 192.0.2.1:80"},
		"zero all":                             {Operation{Kind: Zero}, nil, "zero"},
		"zero what is not there":               {Operation{Kind: Zero, Key: web(81)}, ErrNoService, ""},
		"set timeouts":                         {Operation{Kind: SetTimeouts, Timeouts: config.Timeouts{UDP: time.Minute}}, nil, "patch timeouts +0 -0"},
		"set timeouts to what they are":        {Operation{Kind: SetTimeouts, Timeouts: config.Default().Timeouts}, nil, ""},
		"leave timeouts":                       {Operation{Kind: SetTimeouts}, nil, ""},
		"set negative timeouts":                {Operation{Kind: SetTimeouts, Timeouts: config.Timeouts{TCP: -1}}, ErrInvalid, ""},
		"set sysctl":                           {Operation{Kind: SetSysctl, Sysctl: "sloppy_tcp", Value: 1}, nil, "patch sysctls +0 -0"},
		"set sysctl too high":                  {Operation{Kind: SetSysctl, Sysctl: "drop_entry", Value: 4}, ErrInvalid, ""},
		"set sysctl of two numbers":            {Operation{Kind: SetSysctl, Sysctl: "sync_threshold", Value: 4}, ErrInvalid, ""},
		"set sysctl that is none":              {Operation{Kind: SetSysctl, Sysctl: "ip_forward", Value: 1}, ErrInvalid, ""},
		"nothing":                              {Operation{}, ErrInvalid, ""},
		"a kind that is none":                  {Operation{Kind: SetSysctl + 1}, ErrInvalid, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, d := newState(t, twoServices())
			err := s.Do([]Operation{tt.op})
			if !errors.Is(err, tt.want) || (err != nil) != (tt.want != nil) {
				t.Fatalf("Do(%v) = %v, want %v", &tt.op, err, tt.want)
			}
			if one := new(OperationError); err != nil && (!errors.As(err, &one) || one.Index != 0 || one.Of != 1) {
				t.Errorf("Do(%v) = %#v, want an OperationError of the first of one", &tt.op, err)
			}
			var want []string
			if tt.call != "" {
				want = []string{tt.call}
			}
			if !slices.Equal(d.calls, want) {
				t.Errorf("Do(%v): the director sees %q, want %q", &tt.op, d.calls, want)
			}
			d.agrees(t, s)
			if changes := config.Diff(twoServices(), s.Config()); err != nil && len(changes) > 0 {
				t.Errorf("Do(%v) fails and changes %v", &tt.op, changes)
			}
			if each, _ := newState(t, twoServices()); !errors.Is(each.DoEach([]Operation{tt.op})[0], tt.want) {
				t.Errorf("DoEach(%v) is not %v", &tt.op, tt.want)
			}
		})
	}
}

// TestDoIsAllOrNothing fails in the middle of operations of every kind.
func TestDoIsAllOrNothing(t *testing.T) {
	ops := []Operation{
		{Kind: SetTimeouts, Timeouts: config.Timeouts{TCP: time.Minute}},
		{Kind: SetSysctl, Sysctl: "sloppy_tcp", Value: 1},
		{Kind: AddDestination, Key: web(80), Real: server(13, 1)},
		{Kind: DeleteDestination, Key: web(80), Real: server(11, 1)},
		{Kind: EditService, Service: service(web(80), "wrr")},
		{Kind: DeleteService, Key: web(80)},
		{Kind: AddService, Service: service(web(80), "mh")},
		{Kind: AddService, Service: service(web(81), "rr", server(11, 1))},
		{Kind: Zero, Key: web(443)},
		{Kind: Flush},
		{Kind: AddService, Service: service(web(443), "rr")},
		{Kind: DeleteService, Key: web(81)},
	}
	s, d := newState(t, twoServices())
	err := s.Do(ops)
	one := new(OperationError)
	if !errors.As(err, &one) || one.Index != len(ops)-1 || !errors.Is(err, ErrNoService) {
		t.Fatalf("Do = %v, want ErrNoService of the last operation", err)
	}
	if got, want := err.Error(), "operation 12 of 12: delete service TCP 192.0.2.1:81: no such service"; got != want {
		t.Errorf("Do = %q, want %q", got, want)
	}
	if changes := config.Diff(twoServices(), s.Config()); len(changes) > 0 || len(d.calls) > 0 || s.Revision() != 0 {
		t.Errorf("a Do that fails changes %v, asks the director for %q, and leads to revision %d", changes, d.calls, s.Revision())
	}
	if err := s.Do(ops[:len(ops)-1]); err != nil {
		t.Fatal(err)
	}
	if want := []string{"patch timeouts sysctls +1 -2", "zero TCP 192.0.2.1:443"}; !slices.Equal(d.calls[:2], want) || s.Revision() != 1 {
		t.Errorf("the director sees %q at revision %d, want %q first, at 1", d.calls, s.Revision(), want)
	}
	d.agrees(t, s)
}

// TestDirectorRefuses has the director refuse a service of many.
func TestDirectorRefuses(t *testing.T) {
	var ops []Operation
	for port := uint16(1000); port < 1100; port++ {
		ops = append(ops, Operation{Kind: AddService, Service: service(web(port), "rr")})
	}
	ops[42].Service.Scheduler = "twos" // the next one depends on it
	ops[43] = Operation{Kind: AddDestination, Key: web(1042), Real: server(11, 1)}
	ops[44] = Operation{Kind: AddService, Service: service(web(80), "rr")}

	s, d := newState(t, twoServices())
	d.refuse = refused
	if err := s.Do(slices.Delete(slices.Clone(ops), 44, 45)); !errors.Is(err, errRefused) {
		t.Errorf("Do = %v, want %v", err, errRefused)
	}
	if changes := config.Diff(twoServices(), s.Config()); len(changes) > 0 {
		t.Errorf("a Do that is refused changes %v", changes)
	}
	for i, err := range s.DoEach(ops) {
		want := map[int]error{42: errRefused, 43: ErrNoService, 44: ErrServiceExists}[i]
		if !errors.Is(err, want) || (err != nil) != (want != nil) {
			t.Errorf("DoEach: operation %d: %v, want %v", i, err, want)
		}
	}
	if got := len(s.Config().Services); got != 2+97 {
		t.Errorf("%d services, want 99", got)
	}
	d.agrees(t, s)
}

// TestDoEachIsOneChange has one wrong operation among others.
func TestDoEachIsOneChange(t *testing.T) {
	s, d := newState(t, twoServices())
	errs := s.DoEach([]Operation{
		{Kind: Flush},
		{Kind: AddService, Service: service(web(80), "wlc")},
		{Kind: AddDestination, Key: web(80), Real: server(11, -1)},
		{Kind: AddDestination, Key: web(80), Real: server(12, 3)},
		{Kind: AddDestination, Key: web(443), Real: server(12, 3)},
	})
	for i, want := range []error{nil, nil, ErrInvalid, nil, ErrNoService} {
		if !errors.Is(errs[i], want) || (errs[i] != nil) != (want != nil) {
			t.Errorf("DoEach: operation %d: %v, want %v", i, errs[i], want)
		}
	}
	// A service of the key of one that was deleted is another.
	if want := []string{"patch +1 -2"}; !slices.Equal(d.calls, want) {
		t.Errorf("the director sees %q, want %q", d.calls, want)
	}
	d.agrees(t, s)
	if got := s.DoEach(nil); len(got) != 0 {
		t.Errorf("DoEach of nothing = %v", got)
	}
}

func TestZeroFails(t *testing.T) {
	s, d := newState(t, twoServices())
	d.zeroErr = errRefused
	ops := []Operation{{Kind: DeleteService, Key: web(443)}, {Kind: Zero, Key: web(80)}}
	if errs := s.DoEach(ops); errs[0] != nil || !errors.Is(errs[1], errRefused) {
		t.Errorf("DoEach = %v, want only the second refused", errs)
	}
	one := new(OperationError)
	if err := s.Do([]Operation{{Kind: Zero}}); !errors.As(err, &one) || !errors.Is(err, errRefused) {
		t.Errorf("Do = %v, want an OperationError that is refused", err)
	}
}

func TestDoIf(t *testing.T) {
	s, _ := newState(t, twoServices())
	op := []Operation{{Kind: DeleteService, Key: web(80)}}
	if err := s.DoIf(1, op); !errors.Is(err, ErrStale) {
		t.Errorf("DoIf of a revision to come = %v, want ErrStale", err)
	}
	if err := s.DoIf(s.Revision(), op); err != nil {
		t.Errorf("DoIf = %v", err)
	}
	if err := s.DoIf(0, op); !errors.Is(err, ErrStale) || s.Revision() != 1 {
		t.Errorf("DoIf of a former revision = %v, at %d, want ErrStale at 1", err, s.Revision())
	}
}
