package ipvsadm

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/encap"
	"xlvs/lvs"
)

// service returns a service at an address with a port.
func service(p lvs.Protocol, at, scheduler string, dests ...dataplane.DestinationStatus) (s dataplane.ServiceStatus) {
	a := netip.MustParseAddrPort(at)
	s.ServiceKey = config.ServiceKey{Protocol: p, VIP: a.Addr(), Port: a.Port()}
	s.Scheduler, s.Destinations = scheduler, dests
	return s
}

// marked returns a service by a firewall mark.
func marked(mark uint32, family netip.Addr, scheduler string, dests ...dataplane.DestinationStatus) (s dataplane.ServiceStatus) {
	s.ServiceKey = config.ServiceKey{Mark: mark, VIP: family}
	s.Scheduler, s.Destinations = scheduler, dests
	return s
}

// with returns s as set leaves it.
func with(s dataplane.ServiceStatus, set func(*dataplane.ServiceStatus)) dataplane.ServiceStatus {
	set(&s)
	return s
}

// persisting returns s with persistence for so many seconds.
func persisting(s dataplane.ServiceStatus, seconds, bits int, engine string) dataplane.ServiceStatus {
	s.Persistence, s.MaskBits, s.Engine = time.Duration(seconds)*time.Second, bits, engine
	return s
}

// dest returns a destination at an address with a port.
func dest(at string, m lvs.Method, weight, active, inactive int) dataplane.DestinationStatus {
	a := netip.MustParseAddrPort(at)
	return dataplane.DestinationStatus{
		RealKey: config.RealKey{Addr: a.Addr(), Port: a.Port()},
		Method:  m, Weight: weight, Active: active, Inactive: inactive,
	}
}

// tunnel returns a destination of method Tunnel.
func tunnel(at string, o encap.TunnelOptions) dataplane.DestinationStatus {
	d := dest(at, lvs.Tunnel, 1, 0, 0)
	d.Tunnel = o
	return d
}

// counted is what is counted where anything is.
var (
	counted = dataplane.Counters{Conns: 12345, InPkts: 234567890, OutPkts: 99999999, InBytes: 12345678901, OutBytes: 123456789012345}
	growing = rate.Rates{Conns: 101, InPkts: 2020, OutPkts: 123456789, InBytes: 123456, OutBytes: 3654321000}
)

// everything returns services of every kind, in no order. The files in testdata
// are what ipvsadm 1.31 of Debian 12 prints when it gets them from a kernel.
func everything() []dataplane.ServiceStatus {
	busy := dest("192.0.2.11:80", lvs.NAT, 1, 12, 340)
	busy.Upper, busy.Lower, busy.Persistent, busy.Counters, busy.Rates = 1000, 750, 5, counted, growing
	return []dataplane.ServiceStatus{
		with(persisting(service(lvs.TCP, "198.51.100.1:80", "wlc", dest("192.0.2.12:80", lvs.DirectRouting, 100, 0, 0), busy), 360, 32, ""),
			func(s *dataplane.ServiceStatus) { s.Counters, s.Rates = counted, growing }),
		with(service(lvs.UDP, "198.51.100.1:53", "sh", dest("192.0.2.12:53", lvs.DirectRouting, 1, 0, 0)), func(s *dataplane.ServiceStatus) {
			s.Flags, s.OnePacket = lvs.SchedulerFallback|lvs.SchedulerPort, true
		}),
		persisting(service(lvs.TCP, "198.51.100.1:443", "wlc"), 600, 24, "sip"),
		persisting(marked(5, netip.IPv6Unspecified(), "rr", dest("[2001:db8::a0a0]:80", lvs.DirectRouting, 100, 12, 340)), 360, 64, ""),
		with(persisting(marked(2147483647, netip.IPv4Unspecified(), "mh", dest("192.0.2.9:80", lvs.DirectRouting, 1, 0, 0)), 360, 32, ""),
			func(s *dataplane.ServiceStatus) { s.Flags = lvs.SchedulerPort }),
		with(service(lvs.SCTP, "198.51.100.1:9000", "rr"), func(s *dataplane.ServiceStatus) { s.Flags = 0x38 }),
		service(lvs.TCP, "10.0.0.2:80", "rr",
			tunnel("[2001:db8::9]:80", encap.TunnelOptions{}),
			tunnel("192.0.2.21:80", encap.TunnelOptions{}),
			tunnel("192.0.2.22:80", encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 6080, Flags: lvs.TunnelCsum}),
			tunnel("192.0.2.23:80", encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 65535, Flags: lvs.TunnelRemCsum}),
			tunnel("192.0.2.24:80", encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 1}),
			tunnel("192.0.2.25:80", encap.TunnelOptions{Type: lvs.TunnelGRE}),
			tunnel("10.0.0.25:80", encap.TunnelOptions{Type: lvs.TunnelGRE, Flags: lvs.TunnelCsum}),
			dest("192.0.2.26:80", lvs.LocalNode, 0, 0, 0)),
		persisting(service(lvs.TCP, "[2001:db8::1]:443", "rr",
			dest("[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535", lvs.NAT, 65535, 10_000_000, 100_000_000),
			dest("[::ffff:192.0.2.9]:443", lvs.NAT, 1, 0, 0),
			dest("[2001:db8::9]:443", lvs.NAT, 1, 0, 0), dest("[2001:db8::9]:44", lvs.NAT, 1, 0, 0)), 360, 48, ""),
		service(lvs.TCP, "[fd00::1]:443", "rr"),
		persisting(service(lvs.TCP, "198.51.100.9:0", "rr", dest("192.0.2.11:0", lvs.NAT, 1, 0, 0)), 300, 0, ""),
	}
}

// hosts is a resolver that knows a few.
type hosts map[string]string

var errNoHost = errors.New("no such host")

func (h hosts) LookupAddr(_ context.Context, addr string) ([]string, error) {
	if name := h[addr]; name != "" {
		return []string{name, "second.example"}, nil
	}
	return nil, errNoHost
}

// known returns names that do not depend on the host.
func known(t *testing.T) Names {
	t.Helper()
	return Names{Services: "testdata/services", Resolver: hosts{
		"192.0.2.11":   "a-real-server-with-a-long-name.example.com.",
		"198.51.100.1": "www.a-long-name-too.example.org",
		"2001:db8::1":  "v6.example.com.",
		"2001:db8::9":  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg.example.com.",
		"203.0.113.7":  "client.example.net",
	}}
}
