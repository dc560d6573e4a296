package dataplane

import (
	"errors"
	"fmt"
	"net/netip"
	reflection "reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// set is a patch of services.
func set(services ...config.Service) config.Patch { return config.Patch{Set: services} }

func (d *testDirector) patch(t testing.TB, p config.Patch) {
	t.Helper()
	if err := d.Patch(p); err != nil {
		t.Fatal(err)
	}
}

func TestPatch(t *testing.T) {
	d, s := newTwoReals(t)
	other := testService(lvs.UDP, lvs.NAT, real4)
	d.push(t, syn4(1), syn4(2))
	before := d.services[0]
	d.patch(t, set(other))
	if got := d.Services(); len(got) != 2 || got[1].ServiceKey != other.ServiceKey || d.services[0] != before {
		t.Fatalf("services are %+v", got)
	}
	s.Reals = s.Reals[:1]
	d.patch(t, set(s))
	if got := d.Services(); len(got) != 2 || len(got[0].Destinations) != 1 || got[0].Counters.Conns != 2 {
		t.Errorf("services are %+v", got)
	}
	if _, v := d.push(t, syn4(1), syn4(2)); v[Forward] != 1 || v[DestinationGone] != 1 {
		t.Errorf("verdicts = %v", v)
	}
	d.patch(t, config.Patch{Removed: []config.ServiceKey{s.ServiceKey}})
	if got := d.Services(); len(got) != 1 || got[0].ServiceKey != other.ServiceKey {
		t.Errorf("services are %+v", got)
	}
}

// A service that one patch removes and sets is another one. Its real servers come out
// of the trash at once, with their connections, and count anew.
func TestPatchReplaces(t *testing.T) {
	d, s := newTwoReals(t)
	d.patch(t, set(testService(lvs.UDP, lvs.NAT, real4)))
	d.push(t, syn4(1), syn4(2))
	s.Reals = s.Reals[:1]
	d.patch(t, config.Patch{Removed: []config.ServiceKey{s.ServiceKey}, Set: []config.Service{s}})
	got := d.Services()
	if len(got) != 2 || got[1].ServiceKey != s.ServiceKey || got[1].Counters != (Counters{}) || len(got[1].Destinations) != 1 {
		t.Fatalf("services are %+v", got)
	}
	if r := got[1].Destinations[0]; r.Counters != (Counters{}) || r.Active+r.Inactive != 1 {
		t.Errorf("the real server that stays is %+v", r)
	}
	if _, v := d.push(t, syn4(1), syn4(2)); v[Forward] != 1 || v[DestinationGone] != 1 {
		t.Errorf("verdicts = %v", v)
	}
	if list := d.disagreements(d.filter.rules); list != nil {
		t.Errorf("afterwards %q", list)
	}
}

// Timeouts and sysctls change as by Apply.
func TestPatchSettings(t *testing.T) {
	d, _ := newTwoReals(t)
	services, sysctl := d.services[0], d.config.Sysctl
	sysctl.SloppyTCP, sysctl.ConnMax = 1, 7
	d.patch(t, config.Patch{Timeouts: &config.Timeouts{TCP: time.Minute, TCPFin: time.Second, UDP: 2 * time.Second}, Sysctl: &sysctl})
	if d.services[0] != services || d.table.Limit() != 7 || d.snapshot.Load().sysctl != sysctl {
		t.Errorf("limit %d, sysctls %+v", d.table.Limit(), d.snapshot.Load().sysctl)
	}
	d.forwarded(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "")) // sloppy
	d.wait(61)
	if n := d.table.Len(); n != 0 {
		t.Errorf("%d connections are left after a minute", n)
	}
}

func TestFailedPatchChangesNothing(t *testing.T) {
	web := testService(lvs.TCP, lvs.NAT, real4, secondReal)
	other := testService(lvs.UDP, lvs.NAT, real4)
	with := func(change func(s *config.Service)) config.Service {
		s := withReals(web, func(int, *config.Real) {})
		change(&s)
		return s
	}
	tests := map[string]struct {
		patch config.Patch
		want  error // nil for any
	}{
		"a service that there is not":    {config.Patch{Removed: []config.ServiceKey{other.ServiceKey}}, ErrNoService},
		"one that is removed twice":      {config.Patch{Removed: []config.ServiceKey{web.ServiceKey, web.ServiceKey}}, ErrNoService},
		"one that is set twice":          {set(other, other), config.ErrDuplicateService},
		"a sysctl out of range":          {config.Patch{Set: []config.Service{other}, Sysctl: &lvs.Sysctls{DropEntry: 4}}, config.ErrRange},
		"timeouts, and a full filter":    {config.Patch{Set: []config.Service{other}, Timeouts: &config.Timeouts{TCP: 1e9, TCPFin: 1e9, UDP: 1e9}}, errFull},
		"a good one and an unknown":      {set(other, with(func(s *config.Service) { s.Scheduler = "guess" })), config.ErrUnknownName},
		"a real server twice":            {set(with(func(s *config.Service) { s.Reals[1] = s.Reals[0] })), config.ErrDuplicateReal},
		"a real server without address":  {set(with(func(s *config.Service) { s.Reals[0].Addr = netip.Addr{} })), nil},
		"fullnat without local address":  {set(with(func(s *config.Service) { s.Reals[0].Method = lvs.FullNAT })), config.ErrNoLocalAddress},
		"a filter that is full":          {set(other), errFull},
		"a filter that is full, removed": {config.Patch{Set: []config.Service{other}, Removed: []config.ServiceKey{web.ServiceKey}}, errFull},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, _ := newTwoReals(t)
			d.push(t, syn4(1))
			if errors.Is(tt.want, errFull) {
				d.filter.err = errFull
			}
			before, snapshot := fmt.Sprint(d.Services()), d.snapshot.Load()
			if err := d.Patch(tt.patch); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("Patch() = %v, want %v", err, tt.want)
			}
			if after := fmt.Sprint(d.Services()); after != before || d.snapshot.Load() != snapshot || d.config.Timeouts != config.Default().Timeouts {
				t.Errorf("services are %s, want %s", after, before)
			}
			d.filter.err = nil
			if list := d.disagreements(d.filter.rules); list != nil {
				t.Errorf("afterwards %q", list)
			}
		})
	}
}

var errFull = errors.New("full")

// However many services there are, a patch touches what it changes.
func TestPatchTouchesWhatItChanges(t *testing.T) {
	services := manyServices(300, 4)
	s, another := services[150], manyServices(301, 4)[300]
	fewer := s
	fewer.Reals = fewer.Reals[1:]
	tests := map[string]struct {
		patch   config.Patch
		touched int // endpoints of the filter
	}{
		"nothing":              {config.Patch{}, 0},
		"the same":             {set(s), 0},
		"weights":              {set(withReals(s, func(_ int, r *config.Real) { r.Weight = 7 })), 0},
		"a real server less":   {set(fewer), 0}, // it may have connections
		"a port of one":        {set(withReals(s, func(i int, r *config.Real) { r.Port += uint16(i / 3) })), 1},
		"an address of one":    {set(withReals(s, func(i int, r *config.Real) { r.Addr = netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}) })), 8},
		"a service more":       {set(another), 8 + 3 + 2}, // its real servers, it, and those for an address that nobody has
		"a service less":       {config.Patch{Removed: []config.ServiceKey{s.ServiceKey}}, 3},
		"all methods to dr":    {set(withReals(s, func(_ int, r *config.Real) { r.Method, r.Port = lvs.DirectRouting, 80 })), 2},
		"two services at once": {set(another, withReals(s, func(_ int, r *config.Real) { r.Weight = 7 })), 13},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newTestDirector(t, services...)
			before, states := d.filter.touched, slices.Clone(d.services)
			d.patch(t, tt.patch)
			if touched := d.filter.touched - before; touched != tt.touched {
				t.Errorf("%d endpoints were touched, want %d", touched, tt.touched)
			}
			for i, s := range states {
				if i != 150 && d.byKey[s.key()] != s {
					t.Fatalf("service %d is another", i)
				}
			}
			if list := d.disagreements(d.filter.rules); list != nil {
				t.Errorf("afterwards %q", list)
			}
		})
	}
}

// Every field of a service is one that Apply notices.
func TestSameService(t *testing.T) {
	s := testService(lvs.TCP, lvs.NAT, real4)
	s.LocalAddresses = []config.LocalRange{{Addr: netip.MustParseAddr(local4), First: 1, Last: 2}}
	if other := withReals(s, func(int, *config.Real) {}); !sameService(&s, &other) {
		t.Error("a copy differs")
	}
	for i := range reflection.TypeFor[config.Service]().NumField() {
		other := withReals(s, func(int, *config.Real) {})
		f := reflection.ValueOf(&other).Elem().Field(i)
		switch f.Kind() {
		case reflection.Struct:
			other.Port++
		case reflection.Slice:
			f.SetZero()
		case reflection.String:
			f.SetString("another")
		case reflection.Bool:
			f.SetBool(true)
		case reflection.Int, reflection.Int64:
			f.SetInt(7)
		default:
			f.SetUint(7)
		}
		if sameService(&s, &other) {
			t.Errorf("%s makes no difference", reflection.TypeFor[config.Service]().Field(i).Name)
		}
	}
}

// What was given to Apply or Patch stays the caller's.
func TestConfigurationStaysTheCallers(t *testing.T) {
	c := webConfig(ipv4)
	d := newPair(t)
	d.configure(t, c)
	c.Services[0].Reals[0].Weight = 0
	c.Marks[0].Ports[0] = config.PortRange{First: 8000, Last: 8000}
	d.configure(t, c)
	if got := d.Services()[0].Destinations[1].Weight; got != 0 {
		t.Errorf("weight is %d, want the changed one", got)
	}
	if list := d.disagreements(d.filter.rules); list != nil || !sameMark(d.config.Marks[0], c.Marks[0]) {
		t.Errorf("the changed rule is not noticed: %q", list)
	}
}

// Two services that share a real server's endpoint: whose it is does not depend on
// which was there first.
func TestSharedSources(t *testing.T) {
	first, second := testService(lvs.UDP, lvs.NAT, real4), onPort(testService(lvs.UDP, lvs.NAT, real4), 81)
	k := serviceKey{addr(real4), 8080, lvs.UDP}
	for _, order := range [][]config.Service{{first, second}, {second, first}} {
		d := newPair(t)
		for _, s := range order {
			d.patch(t, set(s))
		}
		if got, _ := d.snapshot.Load().natSources.get(k); got == nil || got.service.key != first.ServiceKey {
			t.Errorf("answers are of %v", got)
		}
		d.patch(t, config.Patch{Removed: []config.ServiceKey{first.ServiceKey}})
		if got, _ := d.snapshot.Load().natSources.get(k); got == nil || got.service.key != second.ServiceKey {
			t.Errorf("with the first removed, answers are of %v", got)
		}
	}
}

// TestPatchWhileWorkersRun is one for the race detector. What is not patched is
// forwarded throughout.
func TestPatchWhileWorkersRun(t *testing.T) {
	stays := testService(lvs.UDP, lvs.NAT, real4)
	comes := testService(lvs.TCP, lvs.NAT, real4, second4)
	d := newPair(t)
	d.apply(t, stays)
	var others sync.WaitGroup
	stop := make(chan struct{})
	end := sync.OnceFunc(func() { close(stop); others.Wait() })
	t.Cleanup(end)
	until := func(f func(i int)) {
		others.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					f(i)
				}
			}
		})
	}
	until(func(i int) {
		frames := [][]byte{from(1000 + i%1000), syn4(1000 + i%100), packettest.TCP(real4+":8080", client4+":1000", header.FlagACK, "")}
		if _, v := d.push(t, frames...); v[Forward] == 0 {
			t.Errorf("verdicts = %v", v)
		}
	})
	until(func(int) {
		d.Services()
		d.Service(stays.ServiceKey)
		d.WorkerTotals()
		if err := errorsOf(d.Zero(nil), d.Zero(&stays.ServiceKey)); err != nil {
			t.Error(err)
		}
	})
	for i := range 500 {
		p := set(withReals(comes, func(j int, r *config.Real) { r.Weight = (i + j) % 3 }))
		if i%4 == 0 && i > 0 {
			p = config.Patch{Removed: []config.ServiceKey{comes.ServiceKey}}
		}
		d.patch(t, p)
	}
	end()
	if list := d.disagreements(d.filter.rules); list != nil {
		t.Errorf("in the end %q", list)
	}
}
