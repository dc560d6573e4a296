package dataplane

import (
	"fmt"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A thresholdStep opens connections, or resets the oldest ones, and says whether the
// real server would get another one then.
type thresholdStep struct {
	opened, closed int
	upper, lower   int // configured before that; 0, 0 for no change
	takes          bool
}

// From u_threshold connections on a real server gets no more, until it has fewer
// than l_threshold, or than three quarters of the upper one.
func TestThresholds(t *testing.T) {
	tests := map[string][]thresholdStep{
		"none": {{opened: 20, takes: true}},
		"three quarters of ten": {
			{9, 0, 10, 0, true}, {1, 0, 0, 0, false}, {0, 1, 0, 0, false}, {0, 1, 0, 0, false}, {0, 1, 0, 0, true}, {2, 0, 0, 0, true},
			{1, 0, 0, 0, false},
		},
		"a lower one": {
			{5, 0, 6, 2, true}, {1, 0, 0, 0, false}, {0, 4, 0, 0, false}, {0, 1, 0, 0, true}, {4, 0, 0, 0, true}, {1, 0, 0, 0, false},
		},
		"one at a time":               {{0, 0, 1, 0, true}, {1, 0, 0, 0, false}, {0, 1, 0, 0, true}},
		"lowered below what there is": {{8, 0, 0, 0, true}, {0, 0, 5, 0, false}, {0, 4, 0, 0, false}, {0, 1, 0, 0, true}},
		"raised while it is reached":  {{4, 0, 4, 0, false}, {0, 0, 5, 0, false}, {0, 0, 8, 0, true}, {4, 0, 0, 0, false}},
		"taken away":                  {{4, 0, 4, 0, false}, {0, 0, 4, 1, false}, {0, 0, -1, 0, true}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			s := testService(lvs.TCP, lvs.NAT, real4)
			d.configure(t, testConfig(s))
			first, next := 1000, 1000
			for i, step := range steps {
				if step.upper != 0 {
					s = withReals(s, func(_ int, r *config.Real) { r.Upper, r.Lower = max(step.upper, 0), step.lower })
					d.configure(t, testConfig(s))
				}
				for range step.opened {
					d.forwarded(t, syn4(next))
					d.forwarded(t, packettest.TCP(fmt.Sprint(client4, ":", next), vip4+":80", header.FlagACK, ""))
					next++
				}
				for range step.closed {
					d.forwarded(t, packettest.TCP(real4+":8080", fmt.Sprint(client4, ":", first), header.FlagRST, ""))
					first++
				}
				d.wait(11) // what was reset is forgotten
				if got := d.takesNew(); got != step.takes {
					t.Fatalf("after step %d, with %d connections: takes new ones: %t, want %t", i+1, next-first, got, step.takes)
				}
			}
		})
	}
}

// takesNew asks the scheduler itself, as a connection would count.
func (d *testDirector) takesNew() bool {
	_, ok := d.services[0].service.scheduler.Pick(&lvs.Tuple{Src: addr(client4), Dst: addr(vip4)})
	return ok
}

// A real server that is edited begins a new turn of wrr, one that stays none.
func TestEditedServersBeginAnew(t *testing.T) {
	tests := map[string]struct {
		edit func(s *config.Service)
		want string
	}{
		"threshold":   {func(s *config.Service) { s.Reals[0].Upper = 9 }, second4},
		"method":      {func(s *config.Service) { s.Reals[0].Method = lvs.Tunnel }, second4},
		"weight":      {func(s *config.Service) { s.Reals[0].Weight = 2 }, second4},
		"the service": {func(s *config.Service) { s.Persistence, s.MaskBits = time.Second, 32 }, real4},
		"nothing":     {func(*config.Service) {}, real4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			s := testService(lvs.TCP, lvs.DirectRouting, real4, second4)
			s.Scheduler = "wrr"
			d.configure(t, testConfig(s))
			if first := d.pick(); first != second4 {
				t.Fatalf("the first turn is %s's", first)
			}
			s = withReals(s, func(int, *config.Real) {})
			tt.edit(&s)
			d.patch(t, config.Patch{Set: []config.Service{s}})
			if got := d.pick(); got != tt.want {
				t.Errorf("the next turn is %s's, want %s's", got, tt.want)
			}
		})
	}
}

// pick asks the scheduler for a real server.
func (d *testDirector) pick() string {
	id, _ := d.services[0].service.scheduler.Pick(&lvs.Tuple{Src: addr(client4), Dst: addr(vip4)})
	return d.byID[id].addr.Netip().String()
}

// With both full a new client is answered, and the old ones go on.
func TestAllAreFull(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		d := newPair(t)
		s := withReals(testService(lvs.UDP, lvs.NAT, f.bare(), f.second()), func(_ int, r *config.Real) { r.Upper = 2 })
		d.configure(t, testConfig(s))
		in := func(port int) []byte { return packettest.UDP(fmt.Sprint(f.client, ":", port), f.vip+":80", "data") }
		for port := range 4 {
			d.forwarded(t, in(port+1))
		}
		if out, v := d.push(t, in(5)); v[NoDestination] != 1 || len(out) != 1 {
			t.Errorf("%s, the fifth: verdicts = %v, sent %d frames", f.name(), v, len(out))
		}
		for port := range 4 {
			d.forwarded(t, in(port+1))
		}
		for _, r := range d.Services()[0].Destinations {
			if r.Inactive != 2 || r.Upper != 2 {
				t.Errorf("%s: real server = %+v, want 2 connections", f.name(), r)
			}
		}
	}
}
