package dataplane

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// from returns s with these ports of its real servers' local address and no others.
func (c crossing) from(s config.Service, first, last uint16) config.Service {
	s.LocalAddresses = []config.LocalRange{locals(map[bool]string{true: local4, false: local6}[c.real == ipv4], first, last)}
	return s
}

// openMany has clients on n ports begin a connection each, and returns the ports of
// those that could.
func (c crossing) openMany(t *testing.T, d *testDirector, n int) (ports []int) {
	t.Helper()
	for port := 1; port <= n; port++ {
		switch v := d.verdict(t, c.sends(port, header.FlagSYN)); v {
		case Forward:
			ports = append(ports, port)
		case NoLocalPort:
		default:
			t.Fatalf("verdict = %v", v)
		}
	}
	return ports
}

// sends returns a segment from one of the client's ports.
func (c crossing) sends(port int, flags header.TCPFlags) []byte {
	return packettest.TCP(fmt.Sprint(c.client.client, ":", 1000+port), c.client.vip+":80", flags, "")
}

// When all local ports are taken new connections are refused, and those that stand
// go on. When some have ended there is room again.
func TestLocalPortsRunOut(t *testing.T) {
	const ports, clients = 64, 2000
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.from(c.service(lvs.TCP), 2000, 2000+ports-1))
			open := c.openMany(t, d, clients)
			// Hardly ever do one client's ports not reach all shards, which have one each.
			if n := d.Verdicts()[NoLocalPort]; len(open) < ports/4 || len(open) > ports || int(n) != clients-len(open) {
				t.Fatalf("%d connections stand, %d were refused, of %d with %d ports", len(open), n, clients, ports)
			}
			for _, port := range open {
				d.forwarded(t, c.sends(port, header.FlagACK))
			}
			if s := d.Services()[0]; int(s.Counters.Conns) != len(open) || s.Destinations[0].Active != len(open) {
				t.Errorf("%d connections were scheduled, %d are active", s.Counters.Conns, s.Destinations[0].Active)
			}
			d.forwarded(t, c.sends(open[0], header.FlagRST))
			d.wait(70)
			d.forwarded(t, c.sends(open[0], header.FlagSYN))
		})
	}
}

// Ports that are named for a real server of one family do not help one of the
// other: such a configuration is refused.
func TestLocalsOfTheWrongFamily(t *testing.T) {
	for _, c := range crossings {
		s := c.service(lvs.TCP)
		s.LocalAddresses = slices.DeleteFunc(s.LocalAddresses, func(r config.LocalRange) bool { return r.Addr.Is4() == (c.real == ipv4) })
		if err := newTestDirector(t).Apply(testConfig(s)); !errors.Is(err, config.ErrNoLocalAddress) {
			t.Errorf("%v: Apply() = %v, want %v", c, err, config.ErrNoLocalAddress)
		}
	}
}

// It is said once when nine tenths of the ports that a client can have are taken,
// before they run out, and again only after they were not.
func TestLocalPortsAreScarce(t *testing.T) {
	const ports = 64 * 20
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.from(c.service(lvs.TCP), 2000, 2000+ports-1))
			var warnings []string
			d.warn = func(err error) { warnings = append(warnings, err.Error()) }
			for range 2 {
				warnings = nil
				c.fillUntil(t, d, func() bool { return d.services[0].service.locals.Usage().Percent >= 85 })
				d.everySecond(portsEvery)
				c.fillUntil(t, d, func() bool { return d.services[0].service.locals.Usage().Percent >= portsScarce })
				if len(warnings) != 0 || d.Verdicts()[NoLocalPort] != 0 {
					t.Fatalf("warned of %q, refused %d", warnings, d.Verdicts()[NoLocalPort])
				}
				d.everySecond(portsEvery)
				d.everySecond(2 * portsEvery)
				if len(warnings) != 1 || !strings.Contains(warnings[0], c.real.bare()) || !strings.Contains(warnings[0], fmt.Sprint("of ", ports)) {
					t.Errorf("warned of %q", warnings)
				}
				d.wait(70) // SYNs alone do not last
			}
		})
	}
}

// fillUntil opens connections, from other ports each time, until enough.
func (c crossing) fillUntil(t *testing.T, d *testDirector, enough func() bool) {
	t.Helper()
	for port := 1 + d.table.Len(); !enough(); port++ {
		d.forwarded(t, c.sends(port, header.FlagSYN))
	}
}

// Local addresses may be others in the next configuration: connections keep those
// that they have, and their answers are still taken.
func TestLocalsChange(t *testing.T) {
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.from(c.service(lvs.TCP), 2000, 2999))
			old := c.open(t, d, syn)
			next := c.from(c.service(lvs.TCP), 5000, 5999)
			for i := range next.LocalAddresses {
				next.LocalAddresses[i].Addr = next.LocalAddresses[i].Addr.Next()
			}
			d.apply(t, next)
			d.now += time.Minute / 2
			answer := packettest.TCP(old.real, old.seen, header.FlagACK, "data")
			if !d.filter.rules.Take(answer) {
				t.Error("answers to the former local address are no longer taken")
			}
			old.reply(t, answer, packettest.TCP(old.vip, old.client, header.FlagACK, "data"))
			old.request(t, packettest.TCP(old.client, old.vip, header.FlagACK, ""), packettest.TCP(old.seen, old.real, header.FlagACK, ""))
			seen := tupleOf(d.forwarded(t, c.sends(1, header.FlagSYN)))
			if r := next.LocalAddresses[0]; seen.Src.Netip() != r.Addr || seen.SrcPort < r.First || seen.SrcPort > r.Last {
				t.Errorf("a new connection comes from %v, want one of %v", seen, r)
			}
		})
	}
}

// A local address that an interface holds must leave the host's own ports alone.
// One that no interface holds has all.
func TestLocalsAndTheHostsPorts(t *testing.T) {
	text, err := os.ReadFile(hostPorts)
	if err != nil {
		t.Skip(err)
	}
	var first, last uint16
	if _, err := fmt.Sscan(string(text), &first, &last); err != nil || first < 2000 || last > 65000 {
		t.Skipf("the host's ports are %q: %v", text, err)
	}
	for _, c := range crossings[:2] {
		local := c.from(c.service(lvs.TCP), 1, 1).LocalAddresses[0].Addr.String()
		for name, tt := range map[string]struct {
			first, last uint16
			held, ok    bool
		}{
			"all, on an interface":      {1024, 65535, true, false},
			"all, on none":              {1024, 65535, false, true},
			"below":                     {1024, first - 1, true, true},
			"above":                     {last + 1, 65535, true, true},
			"the first of the host's":   {1024, first, true, false},
			"the last of the host's":    {last, 65535, true, false},
			"in the middle of them":     {first + 1, first + 1, true, false},
			"in the middle, not on one": {first + 1, first + 1, false, true},
		} {
			t.Run(c.client.name()+" "+name, func(t *testing.T) {
				d := newTestDirector(t)
				if tt.held {
					d.router.locals = append(d.router.locals, addr(local))
				}
				rules := d.filter.rules
				err := d.Apply(testConfig(c.from(c.service(lvs.TCP), tt.first, tt.last)))
				if tt.ok && err != nil || !tt.ok && !errors.Is(err, ErrHostPorts) {
					t.Errorf("Apply() = %v, want success: %t", err, tt.ok)
				}
				if !tt.ok && (len(d.Services()) != 0 || !maps.Equal(d.filter.rules, rules)) {
					t.Error("something has changed")
				}
			})
		}
	}
}

// What comes to a local address and belongs to no connection is the host's if an
// interface holds it, and answered for the host if none does.
func TestStraysToLocals(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		c := crossing{f, f, lvs.FullNAT}
		service := c.from(c.service(lvs.TCP), 2000, 2999)
		local := service.LocalAddresses[0].Addr.String()
		end := map[bool]string{true: local, false: "[" + local + "]"}[f == ipv4]
		echo := map[bool]uint8{true: header.ICMPEcho, false: header.ICMPv6EchoRequest}[f == ipv4]
		for name, tt := range map[string]struct {
			in      []byte
			inRange bool // taken though the host has the address
		}{
			"from the real server":  {packettest.TCP(f.real+":8080", end+":2500", header.FlagACK, ""), true},
			"a client's":            {packettest.TCP(f.client+":4242", end+":2500", header.FlagSYN, ""), true},
			"a datagram":            {packettest.UDP(f.client+":4242", end+":2500", "data"), true},
			"to ssh":                {packettest.TCP(f.client+":4242", end+":22", header.FlagSYN, ""), false},
			"an echo request":       {packettest.ICMP(f.bareOf(f.client), local, echo, 0, 1, "are you there"), false},
			"to just below a range": {packettest.TCP(f.client+":4242", end+":1999", header.FlagSYN, ""), false},
		} {
			for _, held := range []bool{false, true} {
				t.Run(fmt.Sprint(f.name(), " ", name, ", held ", held), func(t *testing.T) {
					d := newTestDirector(t)
					d.host = &fakeHost{room: 10}
					if held {
						d.router.locals = append(d.router.locals, addr(local))
					}
					d.apply(t, service)
					if got, want := d.filter.rules.Take(tt.in), !held || tt.inRange; got != want {
						t.Errorf("is taken: %t, want %t", got, want)
					}
					want := map[bool]Verdict{true: ToHost, false: StoodIn}[held]
					if v := d.verdict(t, tt.in); v != want {
						t.Errorf("verdict = %v, want %v", v, want)
					}
				})
			}
		}
	}
}

// The classifier is told of the ports of each local address, once, and of those
// that are nobody's.
func TestRulesOfLocals(t *testing.T) {
	c := crossings[0]
	first, second := c.from(c.service(lvs.TCP), 2000, 2999), c.from(c.service(lvs.UDP), 2000, 2999)
	d := newTestDirector(t, first, second)
	want := steer.Rules{}
	for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
		want.AddService(p, addr(vip4), 80)
	}
	want.AddPool(0, addr(local4), 2000, 2999)
	want.AddUnheld(addr(local4))
	for _, a := range d.router.locals {
		want.AddLocal(a)
	}
	if got := d.filter.rules; !maps.Equal(got, want) {
		t.Errorf("rules are %v, want %v", got, want)
	}
}
