package config

import (
	"net/netip"
	"slices"
	"time"

	"xlvs/lvs"
)

var (
	vip4 = netip.MustParseAddr("192.0.2.1")
	vip6 = netip.MustParseAddr("2001:db8::53")
)

// full is what testdata/full.toml says.
func full() *Config {
	c := &Config{
		Dataplane: Dataplane{
			[]string{"eth0", "eth1", "eth0.100"}, XDPGeneric, PPS, 2, 250_000, 20 * time.Microsecond, false,
			map[string]InterfaceSettings{"eth1": {Packet, Bulk}, "eth0.100": {Mode: Auto}},
		},
		Timeouts: Timeouts{15 * time.Minute, time.Minute, 90 * time.Second},
		Sysctl:   lvs.DefaultSysctls(),
		Marks:    fullMarks(),
		Services: slices.Concat(fullServices(), fullMore(), fullForward()),

		LocalAddresses: []LocalRange{
			local("203.0.113.2", 1024, 65535), local("203.0.113.3", 20000, 60000), local("2001:db8:2::2", 2000, 65535),
		},
		FTPPorts: []uint16{21, 2121},
		Control:  Control{"/run/lb/xlvs.sock", "adm"},
		Watch:    true,
	}
	c.Sysctl.ConnReuseMode = 3
	c.Sysctl.DropEntry = 1
	c.Sysctl.ExpireNodestConn = 1
	c.Sysctl.ConnMax = 200_000
	c.Sysctl.SyncThreshold = [2]int{0, 10}
	c.Sysctl.EstCPUList = "0-1"
	return c
}

func fullMarks() []Mark {
	return []Mark{
		{
			Mark: 5, Protocol: lvs.TCP, Interface: "eth1",
			Source: netip.MustParsePrefix("198.51.100.0/24"), SourcePorts: []PortRange{{1024, 65535}},
			Destination: netip.MustParsePrefix("192.0.2.1/32"), Ports: []PortRange{{80, 80}, {443, 443}, {8000, 8080}},
		},
		{Mark: 5, Destination: netip.MustParsePrefix("2001:db8::/64")},
		{Mark: 1<<32 - 1, Destination: netip.MustParsePrefix("192.0.2.128/25")},
	}
}

// realServer returns one without thresholds.
func realServer(addr string, port uint16, m lvs.Method, weight int) Real {
	return Real{RealKey: RealKey{netip.MustParseAddr(addr), port}, Method: m, Weight: weight}
}

// fullServices are the plain ones.
func fullServices() []Service {
	return []Service{
		{ServiceKey: ServiceKey{Protocol: lvs.TCP, VIP: vip4, Port: 80}, Scheduler: "wrr", Reals: []Real{
			realServer("198.51.100.11", 8080, lvs.NAT, 3),
			realServer("198.51.100.12", 80, lvs.NAT, 0),
			realServer("198.51.100.13", 80, lvs.DirectRouting, 1),
		}},
		{ServiceKey: ServiceKey{Protocol: lvs.UDP, VIP: vip6, Port: 53}, Scheduler: "wlc", Reals: []Real{
			realServer("2001:db8:1::1", 53, lvs.DirectRouting, 1),
			realServer("2001:db8:1::2", 53, lvs.DirectRouting, 2),
			realServer("2001:db8:1::3", 5353, lvs.NAT, 1),
		}},
		{ServiceKey: ServiceKey{Protocol: lvs.TCP, VIP: vip4, Port: 443}, Scheduler: "rr", Flags: lvs.SchedulerFallback},
	}
}

// The places of fullMore among the services of full.
const (
	byMark4 = 3 + iota
	byMark6
	allPorts
	calls
)

// fullMore are those with more than an address and a scheduler.
func fullMore() []Service {
	limited := realServer("198.51.100.12", 8080, lvs.NAT, 1)
	limited.Upper, limited.Lower = 100, 80
	limited6 := realServer("2001:db8:1::1", 0, lvs.DirectRouting, 1)
	limited6.Upper = 10
	return []Service{
		{
			ServiceKey: ServiceKey{Mark: 5, VIP: netip.IPv4Unspecified()},
			Scheduler:  "sh", Flags: lvs.AllSchedulerFlags,
			Reals: []Real{realServer("198.51.100.11", 0, lvs.NAT, 1), limited},
		},
		{
			ServiceKey: ServiceKey{Mark: 5, VIP: netip.IPv6Unspecified()},
			Scheduler:  "wlc", Persistence: time.Minute, MaskBits: 64, Reals: []Real{limited6},
		},
		{
			ServiceKey: ServiceKey{Protocol: lvs.TCP, VIP: netip.MustParseAddr("192.0.2.2")},
			Scheduler:  "wlc", Persistence: 5 * time.Minute, MaskBits: 32,
			Reals: []Real{realServer("198.51.100.11", 0, lvs.DirectRouting, 1)},
		},
		{
			ServiceKey: ServiceKey{Protocol: lvs.UDP, VIP: vip4, Port: 5060},
			Scheduler:  "mh", Flags: lvs.SchedulerFallback,
			Persistence: time.Hour, MaskBits: 24, Engine: "sip", OnePacket: true,
		},
		{ServiceKey: ServiceKey{Protocol: lvs.SCTP, VIP: vip4, Port: 9000}, Scheduler: "wlc"},
	}
}
