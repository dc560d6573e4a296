package ipvsadm

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

// service returns a service at an address with a port.
func service(p lvs.Protocol, at, scheduler string, dests ...dataplane.DestinationStatus) dataplane.ServiceStatus {
	a := netip.MustParseAddrPort(at)
	return dataplane.ServiceStatus{
		ServiceKey: config.ServiceKey{Protocol: p, VIP: a.Addr(), Port: a.Port()},
		Scheduler:  scheduler, Destinations: dests,
	}
}

// dest returns a destination at an address with a port.
func dest(at string, m lvs.Method, weight, active, inactive int) dataplane.DestinationStatus {
	a := netip.MustParseAddrPort(at)
	return dataplane.DestinationStatus{
		RealKey: config.RealKey{Addr: a.Addr(), Port: a.Port()},
		Method:  m, Weight: weight, Active: active, Inactive: inactive,
	}
}

const (
	listTitle = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`
	statsTitle = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
`
)

// The expected lines up to "every family and protocol" are ipvsadm 1.31's own.
func TestList(t *testing.T) {
	tests := map[string]struct {
		services []dataplane.ServiceStatus
		want     string
	}{
		"no services": {nil, ""},
		"no destinations": {
			[]dataplane.ServiceStatus{service(lvs.TCP, "10.0.0.1:80", "wlc")},
			"TCP  10.0.0.1:80 wlc\n",
		},
		"two destinations": {
			[]dataplane.ServiceStatus{service(lvs.TCP, "10.0.0.1:80", "wlc",
				dest("192.168.10.2:80", lvs.DirectRouting, 100, 0, 0),
				dest("192.168.10.1:80", lvs.NAT, 1, 12, 340))},
			"TCP  10.0.0.1:80 wlc\n" +
				"  -> 192.168.10.1:80              Masq    1      12         340       \n" +
				"  -> 192.168.10.2:80              Route   100    0          0         \n",
		},
		"an IPv6 destination": {
			[]dataplane.ServiceStatus{service(lvs.TCP, "[2001:db8::1]:80", "rr",
				dest("[2001:db8::a0a0]:80", lvs.DirectRouting, 100, 12, 340))},
			"TCP  [2001:db8::1]:80 rr\n" +
				"  -> [2001:db8::a0a0]:80          Route   100    12         340       \n",
		},
		"every family and protocol": {
			[]dataplane.ServiceStatus{
				service(lvs.TCP, "[2001:db8::1]:80", "rr"),
				service(lvs.UDP, "192.0.2.1:53", "rr"),
				service(lvs.TCP, "203.0.113.1:80", "rr"),
				service(lvs.TCP, "192.0.2.1:443", "rr"),
				service(lvs.TCP, "192.0.2.1:80", "rr"),
			},
			"TCP  192.0.2.1:80 rr\nTCP  192.0.2.1:443 rr\nTCP  203.0.113.1:80 rr\n" +
				"UDP  192.0.2.1:53 rr\nTCP  [2001:db8::1]:80 rr\n",
		},
		"persistence, flags and marks": {
			[]dataplane.ServiceStatus{
				{ServiceKey: config.ServiceKey{Mark: 5, VIP: netip.IPv6Unspecified()}, Scheduler: "rr", Persistence: 360 * time.Second, MaskBits: 64},
				{ServiceKey: config.ServiceKey{Mark: 5, VIP: netip.IPv4Unspecified()}, Scheduler: "wlc", OnePacket: true},
				with(service(lvs.TCP, "10.0.0.1:80", "wlc"), func(s *dataplane.ServiceStatus) { s.Persistence, s.MaskBits = 360*time.Second, 32 }),
				with(service(lvs.UDP, "10.0.0.1:53", "sh"), func(s *dataplane.ServiceStatus) {
					s.Flags, s.OnePacket = lvs.SchedulerFallback|lvs.SchedulerPort, true
				}),
				with(service(lvs.TCP, "10.0.0.1:443", "wlc"), func(s *dataplane.ServiceStatus) {
					s.Persistence, s.MaskBits, s.Engine = 600*time.Second, 24, "sip"
				}),
			},
			"TCP  10.0.0.1:80 wlc persistent 360\nTCP  10.0.0.1:443 wlc persistent 600 mask 255.255.255.0 pe sip\n" +
				"UDP  10.0.0.1:53 sh (sh-fallback,sh-port) ops\n" +
				"FWM  5 wlc ops\nFWM  5 IPv6 rr persistent 360 mask 64\n",
		},
		"columns that overflow": {
			[]dataplane.ServiceStatus{service(lvs.UDP, "[2001:db8::1]:53", "wrr",
				dest("[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535", lvs.NAT, 65535, 10_000_000, 100_000_000),
				dest("[2001:db8::9]:53", lvs.NAT, 0, 0, 0), dest("[2001:db8::9]:9", lvs.NAT, 0, 0, 0))},
			"UDP  [2001:db8::1]:53 wrr\n" +
				"  -> [2001:db8::9]:9              Masq    0      0          0         \n" +
				"  -> [2001:db8::9]:53             Masq    0      0          0         \n" +
				"  -> [2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535 Masq    65535  10000000   100000000 \n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checkText(t, List, tt.services, listTitle+tt.want)
		})
	}
}

// with returns s as set leaves it.
func with(s dataplane.ServiceStatus, set func(*dataplane.ServiceStatus)) dataplane.ServiceStatus {
	set(&s)
	return s
}

func TestListRate(t *testing.T) {
	rates := rate.Rates{Conns: 101, InPkts: 2020, OutPkts: 1980, InBytes: 123456, OutBytes: 7654321}
	s := service(lvs.TCP, "10.0.0.1:80", "wlc", dest("192.168.10.1:80", lvs.NAT, 1, 0, 0))
	s.Rates, s.Destinations[0].Rates = rates, rates
	checkText(t, ListRate, []dataplane.ServiceStatus{s}, `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
TCP  10.0.0.1:80                       101     2020     1980   123456  7654321
  -> 192.168.10.1:80                   101     2020     1980   123456  7654321
`)
}

func TestListStats(t *testing.T) {
	counters := dataplane.Counters{
		Conns: 12345, InPkts: 234567890, OutPkts: 99999999, InBytes: 12345678901, OutBytes: 123456789012345,
	}
	d := dest("192.168.10.1:80", lvs.NAT, 1, 12, 340)
	d.Counters = counters
	s := service(lvs.TCP, "10.0.0.1:80", "wlc", d)
	s.Counters = counters
	idle := service(lvs.UDP, "[2001:db8::1]:53", "rr", dest("[2001:db8::a0a0]:53", lvs.NAT, 1, 0, 0))

	checkText(t, ListStats, nil, statsTitle)
	checkText(t, ListStats, []dataplane.ServiceStatus{idle, s}, statsTitle+
		"TCP  10.0.0.1:80                     12345  234567K 99999999   12345M     123T\n"+
		"  -> 192.168.10.1:80                 12345  234567K 99999999   12345M     123T\n"+
		"UDP  [2001:db8::1]:53                    0        0        0        0        0\n"+
		"  -> [2001:db8::a0a0]:53                 0        0        0        0        0\n")
}

// checkText checks what list writes about services.
func checkText(t *testing.T, list func(io.Writer, []dataplane.ServiceStatus) error, services []dataplane.ServiceStatus, want string) {
	t.Helper()
	var b strings.Builder
	if err := list(&b, services); err != nil || b.String() != want {
		t.Errorf("list wrote, error %v:\n%s\nwant:\n%s", err, b.String(), want)
	}
}

func TestLargeNumber(t *testing.T) {
	tests := map[string]struct {
		n    uint64
		want string
	}{
		"zero":               {0, "        0"},
		"last in full":       {99_999_999, " 99999999"},
		"first in thousands": {100_000_000, "  100000K"},
		"last in thousands":  {999_999_999, "  999999K"},
		"first in millions":  {1_000_000_000, "    1000M"},
		"last in millions":   {99_999_999_999, "   99999M"},
		"first in billions":  {100_000_000_000, "     100G"},
		"last in billions":   {99_999_999_999_999, "   99999G"},
		"first in trillions": {100_000_000_000_000, "     100T"},
		"largest":            {1<<64 - 1, "18446744T"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := largeNumber(tt.n); got != tt.want {
				t.Errorf("largeNumber(%d) = %q, want %q", tt.n, got, tt.want)
			}
		})
	}
}

func TestListLeavesItsArgumentAlone(t *testing.T) {
	services := []dataplane.ServiceStatus{
		service(lvs.UDP, "192.0.2.1:53", "rr"),
		service(lvs.TCP, "192.0.2.1:80", "rr",
			dest("192.0.2.12:80", lvs.NAT, 1, 0, 0), dest("192.0.2.11:80", lvs.NAT, 1, 0, 0)),
	}
	dests := slices.Clone(services[1].Destinations)
	if err := List(io.Discard, services); err != nil {
		t.Fatal(err)
	}
	if services[0].Protocol != lvs.UDP || !slices.Equal(services[1].Destinations, dests) {
		t.Errorf("List sorted its argument: %v", services)
	}
}

// A fullDisk is a writer that takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestListReportsItsWriter(t *testing.T) {
	if err := List(fullDisk{}, nil); !errors.Is(err, errFull) {
		t.Errorf("List to a full disk = %v, want %v", err, errFull)
	}
	if err := ListStats(fullDisk{}, nil); !errors.Is(err, errFull) {
		t.Errorf("ListStats to a full disk = %v, want %v", err, errFull)
	}
}
