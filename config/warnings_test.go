package config

import (
	"slices"
	"strings"
	"testing"

	"xlvs/lvs"
)

func TestWarnings(t *testing.T) {
	fromFull := []string{ // what full.toml says in vain, whatever else
		"sysctl: sync_threshold [0 10] has no effect: there is no sync daemon",
		"sysctl: est_cpulist 0-1 has no effect: no kernel threads estimate rates",
		"mark 4294967295: to 192.0.2.128/25 has no effect: no service of this family has mark 4294967295",
	}
	tests := map[string]struct {
		change func(*Config)
		want   []string // beside fromFull
	}{
		"nothing":                {func(*Config) {}, nil},
		"sysctl with effect":     {func(c *Config) { c.Sysctl.SloppySCTP = 1 }, nil},
		"sysctl for tunnels":     {func(c *Config) { c.Sysctl.PMTUDisc = 0 }, nil},
		"unused, at its default": {func(c *Config) { c.Sysctl.SyncVersion = 1 }, nil},
		"unused": {func(c *Config) { c.Sysctl.IgnoreTunneled = 1 }, []string{
			"sysctl: ignore_tunneled 1 has no effect: packets of other protocols never reach the director",
		}},
		"mark service of the other family": {func(c *Config) {
			c.Services = slices.Delete(c.Services, byMark4, byMark4+1)
		}, []string{
			"mark 5: from 198.51.100.0/24 source ports 1024-65535 to 192.0.2.1 tcp ports 80,443,8000-8080 on eth1" +
				" has no effect: no service of this family has mark 5",
		}},
		"one packet at a time, TCP": {func(c *Config) { c.Services[0].OnePacket = true }, []string{
			"service TCP 192.0.2.1:80: one_packet has no effect: only UDP packets are scheduled one by one",
		}},
		"one packet at a time, by mark": {func(c *Config) { c.Services[byMark4].OnePacket = true }, nil},
		"mark that no rule gives": {func(c *Config) { c.Services[byMark4].Mark, c.Marks = 6, c.Marks[1:] }, []string{
			"service FWM 6: gets no packets: no [[mark]] with a destination of this family gives its mark",
		}},
		"mark that only a rule of the other family gives": {func(c *Config) { c.Marks = c.Marks[:1] }, []string{
			"service FWM 5 IPv6: gets no packets: no [[mark]] with a destination of this family gives its mark",
		}},
		"engine without persistence": {func(c *Config) { c.Services[0].Engine = "sip" }, []string{
			"service TCP 192.0.2.1:80: engine sip has no effect: there is no persistence",
		}},
		"engine of TCP": {func(c *Config) { c.Services[allPorts].Engine = "sip" }, []string{
			"service TCP 192.0.2.2:0: engine sip lets no packet in: only UDP carries a Call-ID here",
		}},
		"engine by mark": {func(c *Config) { c.Services[byMark6].Engine = "sip" }, nil},
		"mask without persistence": {func(c *Config) { c.Services[0].MaskBits = 24 }, []string{
			"service TCP 192.0.2.1:80: netmask 24 has no effect: there is no persistence",
		}},
		"local addresses of a service, no fullnat": {func(c *Config) {
			c.Services[tunnels].LocalAddresses = []LocalRange{local("203.0.113.5", 1, 2)}
		}, []string{
			"service TCP 192.0.2.1:8443: local_addresses 203.0.113.5:1-2 has no effect: no real server is behind fullnat",
		}},
		"local addresses of all, all have their own": {func(c *Config) {
			c.LocalAddresses = c.LocalAddresses[1:]
			c.Services[fullNATMixed].LocalAddresses = c.LocalAddresses
		}, []string{
			"fullnat: local_addresses 203.0.113.3:20000-60000,[2001:db8:2::2]:2000-65535" +
				" has no effect: no service with a fullnat real server lacks its own",
		}},
		"client address for nobody": {func(c *Config) { c.Services[fullNATMixed].Reals = nil; c.LocalAddresses = nil }, []string{
			"service UDP 192.0.2.1:53: client_address proxy-v2 has no effect: no real server is behind nat or fullnat",
		}},
		"MSS of UDP": {func(c *Config) { c.Services[fullNATMixed].MSSClamp = true }, []string{
			"service UDP 192.0.2.1:53: mss_clamp has no effect: only TCP has an MSS",
		}},
		"MSS with nat and dr": {func(c *Config) { c.Services[0].MSSClamp = true }, []string{
			"service TCP 192.0.2.1:80: mss_clamp has no effect: no real server is behind tun or fullnat",
		}},
		"MSS by mark, with fullnat": {func(c *Config) {
			c.Services[byMark4].MSSClamp, c.Services[byMark4].Reals[0].Method = true, lvs.FullNAT
		}, nil},
		"port with persistence, by mark": {func(c *Config) {
			c.Services[byMark6].Reals[0].Method, c.Services[byMark6].Reals[0].Port = lvs.NAT, 80
		}, []string{
			"service FWM 5 IPv6: real [2001:db8:1::1]:80: port 80 has no effect: with persistence packets keep theirs",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := full()
			tt.change(c)
			if err := c.Validate(); err != nil {
				t.Fatalf("Validate() = %v", err)
			}
			var got []string
			for _, w := range c.Warnings() {
				if !slices.Contains(fromFull, w) {
					got = append(got, w)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Warnings() =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
	if got := full().Warnings(); !slices.Equal(got, fromFull) {
		t.Errorf("Warnings() of full.toml =\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(fromFull, "\n"))
	}
}

func TestDefaultWarnsOfNothing(t *testing.T) {
	if got := Default().Warnings(); got != nil {
		t.Errorf("Default().Warnings() = %q, want none", got)
	}
}
