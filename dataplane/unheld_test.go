package dataplane

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

func TestUnheld(t *testing.T) {
	web, webToo := testService(lvs.TCP, lvs.NAT, real4), testService(lvs.UDP, lvs.NAT, real4)
	web6 := testService(lvs.TCP, lvs.NAT, real6)
	tests := map[string]struct {
		services []config.Service
		locals   []lvs.Addr
		want     []lvs.Addr
	}{
		"no services":            {nil, []lvs.Addr{addr(vip4)}, nil},
		"held":                   {[]config.Service{web, web6}, []lvs.Addr{addr(vip4), addr(vip6), addr(dip4)}, nil},
		"not held":               {[]config.Service{web}, []lvs.Addr{addr(dip4)}, []lvs.Addr{addr(vip4)}},
		"no addresses":           {[]config.Service{web, web6}, nil, []lvs.Addr{addr(vip4), addr(vip6)}},
		"one of two":             {[]config.Service{web, web6}, []lvs.Addr{addr(vip4)}, []lvs.Addr{addr(vip6)}},
		"two services, one VIP":  {[]config.Service{web, webToo}, nil, []lvs.Addr{addr(vip4)}},
		"a real server's is not": {[]config.Service{web}, []lvs.Addr{addr(vip4), addr(real4)}, nil},
	}
	for name, tt := range tests {
		d := newTestDirector(t)
		d.router.locals = tt.locals
		d.apply(t, tt.services...)
		got := slices.SortedFunc(maps.Keys(d.unheld), func(a, b lvs.Addr) int { return a.Netip().Compare(b.Netip()) })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: unheld are %v, want %v", name, got, tt.want)
		}
	}
}

// A VIP comes and goes: while no interface holds it, all that is for it is the
// director's.
func TestVIPComesAndGoes(t *testing.T) {
	ping := echoRequest(ipv4)
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	d.host = &fakeHost{room: 1000}
	held := slices.Clone(d.router.locals)
	others := []lvs.Addr{addr(dip4)}
	for i, locals := range [][]lvs.Addr{held, others, held, nil, held} {
		d.router.locals = locals
		d.followLocals()
		want := map[Verdict]uint64{ToHost: 1}
		if i%2 == 1 {
			want = map[Verdict]uint64{StoodIn: 1}
		}
		if _, v := d.push(t, ping); !maps.Equal(v, want) {
			t.Errorf("step %d: verdicts = %v, want %v", i, v, want)
		}
		if got := d.filter.rules.Take(ping); got != (i%2 == 1) {
			t.Errorf("step %d: echo request is taken: %t", i, got)
		}
		if _, v := d.push(t, syn4(i+1)); v[Forward] != 1 {
			t.Errorf("step %d: verdicts = %v, want forwarded", i, v)
		}
	}
}

// The rules of an unheld VIP go with its service, though its connections stay.
func TestUnheldVIPGoesWithItsService(t *testing.T) {
	d := newTestDirector(t)
	d.router.locals = nil
	d.apply(t, testService(lvs.TCP, lvs.NAT, real4))
	d.push(t, syn4(1))
	d.apply(t)
	if d.filter.rules.Take(echoRequest(ipv4)) {
		t.Error("echo requests are taken without a service")
	}
	if !d.filter.rules.Take(packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "")) {
		t.Error("packets of a connection are not taken any more")
	}
	if d.snapshot.Load().roles.of(addr(vip4)) != roleVirtual {
		t.Errorf("roles of the VIP: %b, want virtual alone", d.snapshot.Load().roles.of(addr(vip4)))
	}
}

func TestRulesOfServices(t *testing.T) {
	d := newTestDirector(t)
	d.router.locals = []lvs.Addr{addr(vip4), addr(dip4), addr(dip6)}
	d.apply(t, testService(lvs.TCP, lvs.NAT, real4), testService(lvs.UDP, lvs.DirectRouting, real6))
	want := steer.Rules{}
	want.AddService(lvs.TCP, addr(vip4), 80)
	want.AddReply(lvs.TCP, addr(real4), 8080)
	want.AddService(lvs.UDP, addr(vip6), 80)
	want.AddReply(lvs.UDP, addr(vip6), 80)
	for _, a := range d.router.locals {
		want.AddLocal(a)
	}
	want.AddUnheld(addr(vip6))
	if got := d.filter.rules; !maps.Equal(got, want) {
		t.Errorf("rules are %v, want %v", got, want)
	}
}

// A filter that refuses the change is warned about; workers follow all the same.
func TestLocalsChangeWhileTheFilterFails(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	var warnings []error
	d.warn = func(err error) { warnings = append(warnings, err) }
	before := fmt.Sprint(d.filter.rules)
	d.filter.err = errors.New("full")
	d.router.locals = nil
	d.followLocals()
	if len(warnings) != 1 || !errors.Is(warnings[0], d.filter.err) || fmt.Sprint(d.filter.rules) != before {
		t.Errorf("warnings = %v, rules = %v, want %s", warnings, d.filter.rules, before)
	}
	if _, v := d.push(t, echoRequest(ipv4)); v[StoodIn] != 1 {
		t.Errorf("verdicts = %v, want answered", v)
	}
	d.filter.err = nil
	d.followLocals()
	if !d.filter.rules.Take(echoRequest(ipv4)) {
		t.Error("the next change does not make up for it")
	}
}
