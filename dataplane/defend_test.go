package dataplane

import (
	"fmt"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// drop_packet turns away one of so many packets that would begin a connection.
// Others it does not count: those of connections, and those of no service.
func TestDropPacket(t *testing.T) {
	tests := map[string]struct {
		mode, rate int
		dropped    uint64 // of 100
	}{
		"off":                  {0, 10, 0},
		"one of ten":           {3, 10, 10},
		"one of three":         {3, 3, 34}, // the first at once
		"every one":            {3, 1, 100},
		"none":                 {3, 0, 0},
		"automatic, with room": {1, 1, 0},
		"the same, as written": {2, 1, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			c := testConfig(testService(lvs.TCP, lvs.NAT, real4))
			d.configure(t, c)
			d.forwarded(t, syn4(1))
			c = testConfig(testService(lvs.TCP, lvs.NAT, real4))
			c.Sysctl.DropPacket, c.Sysctl.AmDroprate = tt.mode, tt.rate
			d.configure(t, c)
			dropped := uint64(0)
			for port := range 100 {
				_, v := d.push(t,
					packettest.TCP(client4+":1", vip4+":80", header.FlagACK, ""),
					packettest.TCP(client4+":1", vip4+":81", header.FlagSYN, ""), syn4(100+port))
				if v[NotOurs] != 1 || v[Forward]+v[Defended] != 2 {
					t.Fatalf("verdicts = %v", v)
				}
				dropped += v[Defended]
			}
			if dropped != tt.dropped {
				t.Errorf("dropped %d of 100, want %d", dropped, tt.dropped)
			}
			if n := d.Services()[0].Counters.Conns; n != 101-tt.dropped {
				t.Errorf("%d connections were scheduled", n)
			}
		})
	}
}

// Under secure_tcp a client alone does not get a connection established.
func TestSecureTCP(t *testing.T) {
	half := []turn{{header.FlagSYN, false}, {header.FlagACK, false}}
	reset := []turn{{header.FlagSYN, false}, {header.FlagSYN | header.FlagACK, true}, {header.FlagRST, false}}
	served := append(established[:3:3], turn{header.FlagACK, true})
	tests := map[string]struct {
		method lvs.Method
		turns  []turn
		states [2]string // without and with secure_tcp
	}{
		"the client acknowledges":    {lvs.NAT, half, [2]string{"ESTABLISHED", "SYN_RECV"}},
		"the server acknowledges":    {lvs.NAT, served, [2]string{"ESTABLISHED", "ESTABLISHED"}},
		"the server has answered":    {lvs.NAT, established[:2], [2]string{"SYN_RECV", "SYNACK"}},
		"no replies are seen":        {lvs.DirectRouting, established[:1], [2]string{"SYN_RECV", "SYNACK"}},
		"and then more":              {lvs.DirectRouting, half, [2]string{"ESTABLISHED", "ESTABLISHED"}},
		"the client resets half way": {lvs.NAT, reset, [2]string{"SYN_RECV", "CLOSE"}},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			for secure, want := range tt.states {
				t.Run(fmt.Sprint(f.name(), " ", name, ", secure_tcp ", 3*secure), func(t *testing.T) {
					d := newPair(t)
					c := testConfig(testService(lvs.TCP, tt.method, f.bare()))
					c.Sysctl.SecureTCP = 3 * secure
					d.configure(t, c)
					d.converse(t, f, tt.method, tt.turns)
					if got := d.state(); got != want {
						t.Errorf("state = %s, want %s", got, want)
					}
				})
			}
		}
	}
}

// drop_entry throws out what is half open, or idle and little used, and keeps
// what is established and in use.
func TestDropEntry(t *testing.T) {
	for mode, left := range map[int]int{0: 41, 1: 41, 3: 1} {
		t.Run(fmt.Sprint("drop_entry ", mode), func(t *testing.T) {
			d := newPair(t)
			c := testConfig(testService(lvs.TCP, lvs.NAT, real4))
			c.Sysctl.DropEntry = mode
			d.configure(t, c)
			for port := range 40 {
				d.forwarded(t, syn4(1000+port))
			}
			d.forwarded(t, syn4(1))
			d.forwarded(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, ""))
			for range 2000 { // of a 32nd of the table each, at random
				d.everySecond(1)
			}
			if n := d.table.Len(); n != left {
				t.Errorf("%d connections are left, want %d", n, left)
			}
			if r := d.Services()[0].Destinations[0]; r.Active != left || r.Inactive != 0 {
				t.Errorf("real server has %d active and %d inactive connections", r.Active, r.Inactive)
			}
			d.forwarded(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "data"))
		})
	}
}

// A table that is nearly full is what the automatic modes wait for.
func TestDefenceFollowsTheTable(t *testing.T) {
	d := newPair(t)
	c := testConfig(testService(lvs.UDP, lvs.NAT, real4))
	c.Sysctl.ConnMax, c.Sysctl.DropPacket, c.Sysctl.SecureTCP = 1600, 1, 1
	d.configure(t, c)
	datagram := func(port int) []byte { return packettest.UDP(fmt.Sprint(client4, ":", port), vip4+":80", "") }
	for port := range 1590 {
		d.forwarded(t, datagram(1000+port))
	}
	d.wait(1)
	if !d.defence.SecureTCP() {
		t.Error("secure_tcp is not in force with ten connections to go")
	}
	if v := d.verdict(t, datagram(1)); v != Defended {
		t.Errorf("verdict = %q, want %q", v, Defended)
	}
	d.wait(301) // all are forgotten
	if v := d.verdict(t, datagram(1)); v != Forward || d.defence.SecureTCP() {
		t.Errorf("with room again: verdict = %q, secure_tcp %t", v, d.defence.SecureTCP())
	}
}
