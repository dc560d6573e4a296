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
		"how the director is asked": {func(c *Config) { c.Control, c.Watch = Default().Control, false }, []string{
			"watch true -> false (needs a restart)",
			"control: socket /run/lb/xlvs.sock -> none (needs a restart)",
			"control: group adm -> xlvs (needs a restart)",
		}},
		"ports of FTP": {func(c *Config) { c.FTPPorts = c.FTPPorts[:1] }, []string{"ftp: ports 21,2121 -> 21"}},
		"all clients are one": {func(c *Config) { c.Services[allPorts].MaskBits = 0 }, []string{
			"service TCP 192.0.2.2:0: netmask none -> 0",
		}},
		"timeouts": {func(c *Config) {
			c.Timeouts = Default().Timeouts
			c.Timeouts.TCP /= 2
		}, []string{
			"timeouts: tcp 900s -> 450s",
			"timeouts: tcpfin 60s -> 120s",
			"timeouts: udp 90s -> 300s",
		}},
		"sysctls": {func(c *Config) { c.Sysctl = lvs.DefaultSysctls(); c.Sysctl.Conntrack = 1 }, []string{
			"sysctl: drop_entry 1 -> 0",
			"sysctl: conn_max 200000 -> 1073741824",
			"sysctl: conn_reuse_mode 3 -> 1",
			"sysctl: expire_nodest_conn 1 -> 0",
			"sysctl: sync_threshold [0 10] -> [3 50]",
			"sysctl: conntrack 0 -> 1",
			"sysctl: est_cpulist 0-1 -> ",
		}},
		"mark rule is edited": {func(c *Config) { c.Marks[1].Protocol = lvs.UDP }, []string{
			"mark 5: to 2001:db8::/64: removed",
			"mark 5: to 2001:db8::/64 udp: added",
		}},
		"mark rules change places": {func(c *Config) { slices.Reverse(c.Marks) }, []string{
			"mark rules: in another order",
		}},
		"mark rule goes from the middle": {func(c *Config) {
			c.Marks = slices.Delete(c.Marks, 1, 2)
			c.Services = slices.Delete(c.Services, byMark6, byMark6+1)
		}, []string{
			"mark 5: to 2001:db8::/64: removed",
			"service FWM 5 IPv6: removed",
		}},
		"settings of a service": {func(c *Config) {
			s := &c.Services[calls]
			s.Flags, s.Engine, s.OnePacket = lvs.SchedulerPort, "", false
			s.Persistence, s.MaskBits = 0, 0
			c.Services[allPorts].MaskBits = 24
		}, []string{
			"service TCP 192.0.2.2:0: netmask none -> 24",
			"service UDP 192.0.2.1:5060: flags mh-fallback -> mh-port",
			"service UDP 192.0.2.1:5060: persistence 3600s -> none",
			"service UDP 192.0.2.1:5060: netmask 24 -> none",
			"service UDP 192.0.2.1:5060: engine sip -> none",
			"service UDP 192.0.2.1:5060: one_packet true -> none",
		}},
		"netmask of the whole address": {func(c *Config) { c.Services[0].MaskBits = 32 }, nil},
		"thresholds": {func(c *Config) {
			c.Services[byMark4].Reals[1].Lower = 0
			c.Services[byMark6].Reals[0].Upper = 11
		}, []string{
			"service FWM 5: real 198.51.100.12:8080: l_threshold 80 -> none",
			"service FWM 5 IPv6: real [2001:db8:1::1]:0: u_threshold 10 -> 11",
		}},
		"service by another mark": {func(c *Config) {
			c.Services[byMark4].Mark = 1<<32 - 1
			c.Services[byMark4].Reals = c.Services[byMark4].Reals[1:]
		}, []string{
			"service FWM 5: removed",
			"service FWM 4294967295: added, scheduler sh, flags sh-fallback,sh-port,flag-3",
			"service FWM 4294967295: real 198.51.100.12:8080: added, forward nat, weight 1, u_threshold 100, l_threshold 80",
		}},
		"local addresses of all": {func(c *Config) { c.LocalAddresses = c.LocalAddresses[1:2] }, []string{
			"fullnat: local_addresses 203.0.113.2:1024-65535,203.0.113.3:20000-60000,[2001:db8:2::2]:2000-65535 -> 203.0.113.3:20000-60000",
		}},
		"forwarding of a service": {func(c *Config) {
			s := &c.Services[fullNAT]
			s.LocalAddresses, s.ClientAddress, s.MSSClamp = nil, ProxyV2, false
			s.Reals = append(s.Reals, tunnel("2001:db8:1::3", 443, lvs.TunnelGUE, 6080, lvs.TunnelCsum))
		}, []string{
			"service TCP [2001:db8::53]:443: local_addresses 203.0.113.4:5000,[2001:db8:2::4]:1024-65535 -> none",
			"service TCP [2001:db8::53]:443: client_address toa -> proxy-v2",
			"service TCP [2001:db8::53]:443: mss_clamp true -> none",
			"service TCP [2001:db8::53]:443: real [2001:db8:1::3]:443: added, forward tun, tun_type gue, tun_port 6080, tun_csum csum, weight 1",
		}},
		"another tunnel": {func(c *Config) {
			c.Services[tunnels].Reals[0].Method = lvs.NAT
			c.Services[tunnels].Reals[2].TunnelFlags = lvs.TunnelNoCsum
			c.Services[tunnels].Reals[3] = tunnel("2001:db8:1::2", 8443, lvs.TunnelGRE, 0, lvs.TunnelCsum)
		}, []string{
			"service TCP 192.0.2.1:8443: real 198.51.100.11:8443: forward tun -> nat",
			"service TCP 192.0.2.1:8443: real 198.51.100.11:8443: tun_type ipip -> none",
			"service TCP 192.0.2.1:8443: real [2001:db8:1::1]:8443: tun_csum remcsum -> none",
			"service TCP 192.0.2.1:8443: real [2001:db8:1::2]:8443: tun_type ipip -> gre",
			"service TCP 192.0.2.1:8443: real [2001:db8:1::2]:8443: tun_csum none -> csum",
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
