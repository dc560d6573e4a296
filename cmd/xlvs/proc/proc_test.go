package proc

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/control"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

var _ Director = (*control.Client)(nil)

// A fake is a director that tells what it was told.
type fake struct {
	services    []dataplane.ServiceStatus
	connections []control.Connection
	total       dataplane.Counters
	rates       rate.Rates
	workers     []dataplane.Counters
	err         error
}

func (f *fake) Services(context.Context) ([]dataplane.ServiceStatus, error) { return f.services, f.err }

func (f *fake) Connections(_ context.Context, g func(control.Connection) error) error {
	for _, c := range f.connections {
		if err := g(c); err != nil {
			return err
		}
	}
	return f.err
}

func (f *fake) Total(context.Context) (dataplane.Counters, rate.Rates, error) {
	return f.total, f.rates, f.err
}

func (f *fake) WorkerTotals(context.Context) ([]dataplane.Counters, error) { return f.workers, f.err }

// cat runs the command against f.
func cat(f *fake, stdout io.Writer, args ...string) error {
	return Command(context.Background(), args, stdout, io.Discard, func() (Director, error) { return f, nil })
}

// check checks what a file has in it.
func check(t *testing.T, f *fake, name, want string) {
	t.Helper()
	var b strings.Builder
	if err := cat(f, &b, name); err != nil || b.String() != want {
		t.Errorf("xlvs proc %s printed, error %v:\n%s\nwant:\n%s", name, err, b.String(), want)
	}
}

// service returns a service at an address with a port.
func service(p lvs.Protocol, at, scheduler string, dests ...dataplane.DestinationStatus) (s dataplane.ServiceStatus) {
	a := netip.MustParseAddrPort(at)
	s.ServiceKey = config.ServiceKey{Protocol: p, VIP: a.Addr(), Port: a.Port()}
	s.Scheduler, s.Destinations = scheduler, dests
	return s
}

// marked returns a service by a firewall mark.
func marked(mark uint32, family netip.Addr, scheduler string) (s dataplane.ServiceStatus) {
	s.ServiceKey, s.Scheduler = config.ServiceKey{Mark: mark, VIP: family}, scheduler
	return s
}

// persisting returns s with persistence.
func persisting(s dataplane.ServiceStatus, seconds, maskBits int) dataplane.ServiceStatus {
	s.Persistence, s.MaskBits = time.Duration(seconds)*time.Second, maskBits
	return s
}

// oncePerPacket returns s with one-packet scheduling.
func oncePerPacket(s dataplane.ServiceStatus) dataplane.ServiceStatus {
	s.OnePacket = true
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

// The parts of the lines that end in blanks are joined, lest an editor take them.
func TestServices(t *testing.T) {
	const title = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`
	tests := map[string]struct {
		service dataplane.ServiceStatus
		want    string
	}{
		"persistent": {
			persisting(service(lvs.TCP, "10.0.0.1:80", "wlc", dest("192.168.10.1:80", lvs.NAT, 1, 12, 340)), 360, 32),
			"TCP  0A000001:0050 wlc  persistent 90000 FFFFFFFF\n" +
				"  -> C0A80A01:0050      Masq    1      12         340       \n",
		},
		"a mark":                     {marked(5, netip.IPv4Unspecified(), "rr"), "FWM  00000005 rr \n"},
		"a mark of IPv6, persistent": {persisting(marked(5, netip.IPv6Unspecified(), "rr"), 360, 64), "FWM  00000005 rr persistent 90000 40000000\n"},
		"a mark, one-packet":         {oncePerPacket(marked(1<<32-1, netip.IPv4Unspecified(), "rr")), "FWM  FFFFFFFF rr ops \n"},
		"neither":                    {service(lvs.SCTP, "192.0.2.1:9000", "wrr"), "SCTP  C0000201:2328 wrr  \n"},
		"one-packet":                 {oncePerPacket(service(lvs.UDP, "192.0.2.1:53", "sh")), "UDP  C0000201:0035 sh ops  \n"},
		"a netmask":                  {persisting(service(lvs.UDP, "192.0.2.1:53", "sh"), 1, 24), "UDP  C0000201:0035 sh  persistent 250 FFFFFF00\n"},
		"a netmask of no bits":       {persisting(service(lvs.UDP, "192.0.2.1:53", "sh"), 1, 0), "UDP  C0000201:0035 sh  persistent 250 00000000\n"},
		"IPv6, which hides ops": {
			oncePerPacket(persisting(service(lvs.UDP, "[2001:db8::1]:53", "rr",
				dest("[2001:db8::a0a0]:5353", lvs.DirectRouting, 100, 0, 0), dest("192.0.2.9:53", lvs.Tunnel, 0, 0, 0)), 300, 128)),
			"UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr persistent 75000 80000000\n" +
				"  -> [2001:0db8:0000:0000:0000:0000:0000:a0a0]:14E9      Route   100    0          0         \n" +
				"  -> C0000209:0035      Tunnel  0      0          0         \n",
		},
		"methods": {
			service(lvs.TCP, "192.0.2.1:80", "rr", dest("192.0.2.2:80", lvs.LocalNode, 1, 0, 0),
				dest("192.0.2.3:80", lvs.FullNAT, 1, 0, 0), dest("192.0.2.4:80", lvs.Bypass, 1, 0, 0)),
			"TCP  C0000201:0050 rr  \n" +
				"  -> C0000202:0050      Local   1      0          0         \n" +
				"  -> C0000203:0050      FullNat 1      0          0         \n" +
				"  -> C0000204:0050      Masq    1      0          0         \n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			check(t, &fake{services: []dataplane.ServiceStatus{tt.service}}, "ip_vs", title+tt.want)
		})
	}
	check(t, &fake{}, "ip_vs", title)
	both := []dataplane.ServiceStatus{service(lvs.UDP, "192.0.2.9:53", "rr"), service(lvs.TCP, "192.0.2.1:80", "rr")}
	check(t, &fake{services: both}, "ip_vs", title+"UDP  C0000209:0035 rr  \nTCP  C0000201:0050 rr  \n") // not sorted
}

func TestStats(t *testing.T) {
	f := &fake{
		total:   dataplane.Counters{Conns: 0x2a, InPkts: 0x1f4, OutPkts: 0x190, InBytes: 0x12345, OutBytes: 0x54321},
		rates:   rate.Rates{Conns: 1, InPkts: 5, OutPkts: 4, InBytes: 0x3e8, OutBytes: 0x7d0},
		workers: []dataplane.Counters{{Conns: 0x20, InPkts: 0x1f4, InBytes: 0x12345}, {Conns: 0xa, OutPkts: 0x190, OutBytes: 0x54321}},
	}
	check(t, f, "ip_vs_stats", `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      2A      1F4      190            12345            54321

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       1        5        4              3E8              7D0
`)
	check(t, f, "ip_vs_stats_percpu", `       Total Incoming Outgoing         Incoming         Outgoing
CPU    Conns  Packets  Packets            Bytes            Bytes
  0       20      1F4        0            12345                0
  1        A        0      190                0            54321
  ~       2A      1F4      190            12345            54321

     Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
           1        5        4              3E8              7D0
`)
}

func TestCommandUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"no file":           nil,
		"two files":         {"ip_vs", "ip_vs_conn"},
		"a file of none":    {"ip_vs_status"},
		"a path":            {"/proc/net/ip_vs"},
		"a flag":            {"-n", "ip_vs"},
		"the name is empty": {""},
	} {
		if err := cat(&fake{}, io.Discard, args...); !errors.Is(err, ErrUsage) {
			t.Errorf("%s: xlvs proc %q = %v, want %v", name, args, err, ErrUsage)
		}
	}
	var b strings.Builder
	if err := cat(nil, &b, "-h"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("xlvs proc -h = %v, want %v", err, flag.ErrHelp)
	}
	for _, f := range files() {
		if !strings.Contains(b.String(), "  "+f.name+" ") {
			t.Errorf("xlvs proc -h does not list %s:\n%s", f.name, b.String())
		}
	}
}

// A fullDisk is a writer that takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestCommandReportsErrors(t *testing.T) {
	down := errors.New("no director is running")
	err := Command(t.Context(), []string{"ip_vs"}, io.Discard, io.Discard, func() (Director, error) { return nil, down })
	if !errors.Is(err, down) {
		t.Errorf("Command = %v, want %v", err, down)
	}
	for _, f := range files() {
		if err := cat(&fake{err: down}, io.Discard, f.name); !errors.Is(err, down) {
			t.Errorf("xlvs proc %s = %v, want %v", f.name, err, down)
		}
		if err := cat(&fake{}, fullDisk{}, f.name); !errors.Is(err, errFull) {
			t.Errorf("xlvs proc %s to a full disk = %v, want %v", f.name, err, errFull)
		}
	}
}
