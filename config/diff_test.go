package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

func TestDiff(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   []string
	}{
		"nothing": {func(*Config) {}, nil},
		"order only": {func(c *Config) {
			slices.Reverse(c.Services)
			slices.Reverse(c.Services[0].Reals)
		}, nil},
		"dataplane": {func(c *Config) {
			c.Dataplane = Dataplane{Mode: Auto, Prefer: Bulk, Workers: 1, MaxConnections: 5, AnswerARP: true}
		}, []string{
			`dataplane: interfaces ["eth0" "eth1" "eth0.100"] -> [] (needs a restart)`,
			"dataplane: mode xdp-generic -> auto (needs a restart)",
			"dataplane: prefer pps -> bulk (needs a restart)",
			"dataplane: workers 2 -> 1 (needs a restart)",
			"dataplane: max_connections 250000 -> 5 (needs a restart)",
			"dataplane: busy_poll 20µs -> 0s (needs a restart)",
			"dataplane: answer_arp false -> true (needs a restart)",
			`dataplane: interface "eth0.100": prefer pps -> bulk (needs a restart)`,
			`dataplane: interface "eth1": mode packet -> auto (needs a restart)`,
		}},
		"interface": {func(c *Config) { c.Dataplane.Interface["eth0"] = InterfaceSettings{Mode: XDP} }, []string{
			`dataplane: interface "eth0": mode xdp-generic -> xdp (needs a restart)`,
		}},
		"interface says what the director says": {func(c *Config) {
			c.Dataplane.Interface["eth0"] = InterfaceSettings{XDPGeneric, PPS}
		}, nil},
		"timeouts": {func(c *Config) {
			c.Timeouts = Default().Timeouts
			c.Timeouts.TCP /= 2
		}, []string{
			"timeouts: tcp 900s -> 450s",
			"timeouts: tcpfin 60s -> 120s",
			"timeouts: udp 90s -> 300s",
		}},
		"scheduler": {func(c *Config) { c.Services[0].Scheduler = "rr" }, []string{
			"service TCP 192.0.2.1:80: scheduler wrr -> rr",
		}},
		"service moves to another port": {func(c *Config) {
			c.Services[0].Port = 81
			c.Services[0].Reals = c.Services[0].Reals[:1]
		}, []string{
			"service TCP 192.0.2.1:80: removed",
			"service TCP 192.0.2.1:81: added, scheduler wrr",
			"service TCP 192.0.2.1:81: real 198.51.100.11:8080: added, forward nat, weight 3",
		}},
		"real server changes": {func(c *Config) {
			c.Services[1].Reals[0].Weight = 3
			c.Services[1].Reals[0].Method = lvs.NAT
		}, []string{
			"service UDP [2001:db8::53]:53: real [2001:db8:1::1]:53: forward dr -> nat",
			"service UDP [2001:db8::53]:53: real [2001:db8:1::1]:53: weight 1 -> 3",
		}},
		"real server is replaced": {func(c *Config) {
			c.Services[0].Reals[2].Addr = netip.MustParseAddr("198.51.100.14")
		}, []string{
			"service TCP 192.0.2.1:80: real 198.51.100.13:80: removed",
			"service TCP 192.0.2.1:80: real 198.51.100.14:80: added, forward dr, weight 1",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := full()
			tt.change(c)
			var got []string
			for _, ch := range Diff(full(), c) {
				got = append(got, ch.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Diff =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestDiffBothWays checks that whatever one direction adds the other removes.
func TestDiffBothWays(t *testing.T) {
	count := func(changes []Change, what string) (n int) {
		for _, c := range changes {
			if strings.HasPrefix(c.What, what) && c.Real == (RealKey{}) {
				n++
			}
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawConfig(t), drawConfig(t)
		there, back := Diff(a, b), Diff(b, a)
		if added, removed := count(there, "added"), count(back, "removed"); added != removed {
			t.Fatalf("one way adds %d services, the other removes %d", added, removed)
		}
		if len(a.Services)+count(there, "added")-count(there, "removed") != len(b.Services) {
			t.Fatalf("%v does not lead from %d to %d services", there, len(a.Services), len(b.Services))
		}
	})
}
