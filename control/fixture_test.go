package control

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/encap"
	"xlvs/lvs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fakeDirector shows what it is told to do, and what a test lays before it.
type fakeDirector struct {
	mu       sync.Mutex
	services []config.Service
	zeroed   []string // keys, "all"
	refuse   error    // of Apply and Patch

	counters    dataplane.Counters // of every service and real server, and in total
	rates       rate.Rates
	connections []conntrack.Listing
	now         conntrack.Time
	ports       []dataplane.PortStatus
	portsErr    error
	hook        func() // is called by Total
}

func (d *fakeDirector) Apply(c *config.Config) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return d.refuse
	}
	d.services = c.Services
	return nil
}

func (d *fakeDirector) Patch(p config.Patch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return d.refuse
	}
	changed := make(map[config.ServiceKey]*config.Service)
	for i := range p.Set {
		changed[p.Set[i].ServiceKey] = &p.Set[i]
	}
	for _, key := range p.Removed {
		changed[key] = nil
	}
	var next []config.Service
	for _, s := range d.services {
		if now, ok := changed[s.ServiceKey]; !ok {
			next = append(next, s)
		} else if now != nil {
			next = append(next, *now)
			delete(changed, s.ServiceKey)
		}
	}
	for _, s := range p.Set {
		if changed[s.ServiceKey] != nil {
			next = append(next, s)
		}
	}
	d.services = next
	return nil
}

func (d *fakeDirector) Zero(key *config.ServiceKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key == nil {
		d.zeroed = append(d.zeroed, "all")
	} else {
		d.zeroed = append(d.zeroed, key.String())
	}
	return nil
}

func (d *fakeDirector) Services() []dataplane.ServiceStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]dataplane.ServiceStatus, len(d.services))
	for i := range d.services {
		list[i] = d.status(&d.services[i])
	}
	return list
}

func (d *fakeDirector) Service(key config.ServiceKey) (dataplane.ServiceStatus, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.services {
		if d.services[i].ServiceKey == key {
			return d.status(&d.services[i]), true
		}
	}
	return dataplane.ServiceStatus{}, false
}

func (d *fakeDirector) status(s *config.Service) dataplane.ServiceStatus {
	status := dataplane.ServiceStatus{
		ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
		Engine: s.Engine, OnePacket: s.OnePacket, Counters: d.counters, Rates: d.rates,
		LocalAddresses: s.LocalAddresses, ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
	}
	for _, r := range s.Reals {
		status.Destinations = append(status.Destinations, dataplane.DestinationStatus{
			RealKey: r.RealKey, Method: r.Method, Weight: r.Weight, Upper: r.Upper, Lower: r.Lower,
			Tunnel:   encap.TunnelOptions{Type: r.Tunnel, Flags: r.TunnelFlags, Port: r.TunnelPort},
			Counters: d.counters, Rates: d.rates,
		})
	}
	return status
}

func (d *fakeDirector) Connections() func(func(conntrack.Listing) bool) {
	d.mu.Lock()
	list := d.connections
	d.mu.Unlock()
	return func(yield func(conntrack.Listing) bool) {
		for _, l := range list {
			if !yield(l) {
				return
			}
		}
	}
}

func (d *fakeDirector) Now() conntrack.Time             { return d.now }
func (d *fakeDirector) ConnectionCount() (n, limit int) { return len(d.connections), 1_000_000 }
func (d *fakeDirector) WorkerTotals() []dataplane.Counters {
	return []dataplane.Counters{{Conns: 1, InPkts: 2}, {OutBytes: 3}}
}
func (d *fakeDirector) Verdicts() (v [dataplane.Verdicts]uint64) {
	v[dataplane.Forward], v[dataplane.NoRoute] = 5, 7
	return v
}
func (d *fakeDirector) Ports() ([]dataplane.PortStatus, error) { return d.ports, d.portsErr }
func (d *fakeDirector) Total() (dataplane.Counters, rate.Rates) {
	if d.hook != nil {
		d.hook()
	}
	return d.counters, d.rates
}

// A site is a director that is asked over a socket.
type site struct {
	*Client
	path     string
	director *fakeDirector
	state    *desired.State
	server   *Server
}

// open starts a site. Changes to its Server are made by prepare, which may be nil.
func open(t testing.TB, d *fakeDirector, opts Options, prepare func(*Server)) *site {
	t.Helper()
	s := &site{path: filepath.Join(t.TempDir(), "xlvs", "s.sock"), director: d}
	file := config.Default()
	file.Services = d.services
	s.state = desired.New(d, file)
	s.server = New(d, s.state, opts)
	if prepare != nil {
		prepare(s.server)
	}
	l, err := Listen(s.path, "")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(l) }()
	s.Client = NewClient(s.path)
	t.Cleanup(func() {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.server.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		if _, err := os.Lstat(s.path); !os.IsNotExist(err) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return s
}

// A reply is an answer as it is on the wire.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask makes one request as anybody could, with headers as in "If-Match: *".
func (s *site) ask(t testing.TB, method, path, body string, headers ...string) reply {
	t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.path)
	}}
	defer tr.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		r.Header.Set(key, value)
	}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(b)}
}

// code returns the code of an answer that is a failure.
func (r reply) code() string {
	var j failureJSON
	_ = json.NewDecoder(bytes.NewReader([]byte(r.body))).Decode(&j)
	return j.Error.Code
}

var (
	web = config.ServiceKey{Protocol: lvs.TCP, VIP: netip.MustParseAddr("192.0.2.1"), Port: 80}
	dns = config.ServiceKey{Protocol: lvs.UDP, VIP: netip.MustParseAddr("2001:db8::1"), Port: 53}
)

// real returns a real server with weight 1 behind NAT.
func real(text string) config.Real {
	a := netip.MustParseAddrPort(text)
	return config.Real{RealKey: config.RealKey{Addr: a.Addr(), Port: a.Port()}, Method: lvs.NAT, Weight: 1}
}

// twoServices returns a director with web, which has a real server, and dns.
func twoServices() *fakeDirector {
	return &fakeDirector{services: []config.Service{
		{ServiceKey: web, Scheduler: "wlc", Reals: []config.Real{real("198.51.100.11:8080")}},
		{ServiceKey: dns, Scheduler: "rr"},
	}}
}

// What runs is what a Server asks for.
var (
	_ Director         = (*dataplane.Director)(nil)
	_ Capturer         = (*dataplane.Director)(nil)
	_ desired.Director = (*dataplane.Director)(nil)
)
