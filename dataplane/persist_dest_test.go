package dataplane

import (
	"fmt"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// What becomes of a client that a persistent service remembers, when its real
// server changes.
func TestRememberedRealServerChanges(t *testing.T) {
	weight := func(n int) func(*config.Real) { return func(r *config.Real) { r.Weight = n } }
	tests := map[string]struct {
		change  func(r *config.Real) // nil: the real server is removed
		sysctl  func(s *lvs.Sysctls)
		stays   bool
		expires int // templates that are left
	}{
		"nothing":                         {weight(1), nil, true, 1},
		"quiesced":                        {weight(0), nil, true, 1},
		"quiesced, and that expires":      {weight(0), func(s *lvs.Sysctls) { s.ExpireQuiescentTemplate = 1 }, false, 2},
		"lighter, which does not expire":  {weight(5), func(s *lvs.Sysctls) { s.ExpireQuiescentTemplate = 1 }, true, 1},
		"overloaded":                      {func(r *config.Real) { r.Upper = 1 }, nil, true, 1},
		"overloaded, which is not weight": {func(r *config.Real) { r.Upper = 1 }, func(s *lvs.Sysctls) { s.ExpireQuiescentTemplate = 1 }, true, 1},
		"removed":                         {nil, nil, false, 2},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newPersistent(t, f, map[bool]int{true: 32, false: 128}[f == ipv4])
				syn := func(port int) []byte {
					return packettest.TCP(fmt.Sprint(f.client, ":", port), f.vip+":80", header.FlagSYN, "")
				}
				first := d.stopOf(t, syn(1))
				s := persistent(testService(lvs.TCP, lvs.NAT, f.bare(), f.second()))
				d.configure(t, changed(s, first, tt.change, tt.sysctl))
				if got := d.stopOf(t, syn(2)); (got == first) != tt.stays {
					t.Errorf("went to %s, before to %s", got, first)
				}
				if n := d.table.Templates(); n != tt.expires {
					t.Errorf("%d templates, want %d", n, tt.expires)
				}
				// Whatever it was, the choice holds from now on.
				if second, third := d.stopOf(t, syn(3)), d.stopOf(t, syn(4)); second != third {
					t.Errorf("went to %s and then to %s", second, third)
				}
			})
		}
	}
}

// changed returns the configuration of s after change to the real server at stop,
// without that if change is nil.
func changed(s config.Service, stop string, change func(*config.Real), sysctl func(*lvs.Sysctls)) *config.Config {
	var reals []config.Real
	for _, r := range s.Reals {
		if r.String() == stop && change == nil {
			continue
		}
		if r.String() == stop {
			change(&r)
		}
		reals = append(reals, r)
	}
	s.Reals = reals
	c := testConfig(s)
	if sysctl != nil {
		sysctl(&c.Sysctl)
	}
	return c
}

// New clients do not get a real server that is quiesced, or overloaded, for the
// clients that it keeps.
func TestQuiescedServerGetsNoNewClients(t *testing.T) {
	for name, change := range map[string]func(*config.Real){
		"quiesced":   func(r *config.Real) { r.Weight = 0 },
		"overloaded": func(r *config.Real) { r.Upper = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			d := newPersistent(t, ipv4, 32)
			first := d.stopOf(t, syn4(1))
			d.configure(t, changed(persistent(testService(lvs.TCP, lvs.NAT, real4, second4)), first, change, nil))
			for port := range 4 {
				in := packettest.TCP(fmt.Sprintf("198.51.100.%d:%d", 20+port, port), vip4+":80", header.FlagSYN, "")
				if got := d.stopOf(t, in); got == first {
					t.Errorf("a new client went to %s", got)
				}
			}
		})
	}
}

// A template that nobody can use any more still has its own time to live.
func TestInvalidTemplateGoesByItsTimer(t *testing.T) {
	d := newPersistent(t, ipv4, 32)
	first := d.stopOf(t, syn4(1))
	s := persistent(testService(lvs.TCP, lvs.NAT, real4, second4))
	d.configure(t, changed(s, first, nil, nil))
	d.forwarded(t, syn4(2))
	d.wait(250)
	if n := d.table.Templates(); n != 2 {
		t.Errorf("%d templates, want the invalid one and the new one", n)
	}
	d.wait(120)
	if n := d.table.Templates(); n != 0 {
		t.Errorf("%d templates are left", n)
	}
}

// With all real servers quiesced a persistent service answers new clients as any
// other does, and keeps no template of them.
func TestPersistentServiceWithoutDestination(t *testing.T) {
	d := newPair(t)
	s := withReals(testService(lvs.TCP, lvs.NAT, real4, second4), func(_ int, r *config.Real) { r.Weight = 0 })
	d.configure(t, testConfig(persistent(s)))
	out, v := d.push(t, syn4(1))
	if v[NoDestination] != 1 || len(out) != 1 || d.table.Len() != 0 {
		t.Errorf("verdicts = %v, sent %d frames, %d in the table", v, len(out), d.table.Len())
	}
}

// A connection of a remembered client is never one to be replaced: the client
// would get the same real server anyway.
func TestPersistentConnectionIsNotReused(t *testing.T) {
	d := newPersistent(t, ipv4, 32)
	stop := d.stopOf(t, syn4(1))
	d.push(t, packettest.TCP(stop, client4+":1", header.FlagRST, ""))
	d.forwarded(t, syn4(1))
	if n := d.Services()[0].Counters.Conns; n != 1 {
		t.Errorf("%d connections were scheduled, want 1", n)
	}
}
