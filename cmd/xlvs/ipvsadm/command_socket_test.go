package ipvsadm

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/encap"
)

var _ Director = (*control.Client)(nil)

// A runningDirector has no packets, but all that it is told.
type runningDirector struct{ state *desired.State }

func (*runningDirector) Apply(*config.Config) error    { return nil }
func (*runningDirector) Patch(config.Patch) error      { return nil }
func (*runningDirector) Zero(*config.ServiceKey) error { return nil }

func (d *runningDirector) Services() (list []dataplane.ServiceStatus) {
	for _, s := range d.state.Config().Services {
		status := dataplane.ServiceStatus{
			ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
			Engine: s.Engine, OnePacket: s.OnePacket, LocalAddresses: s.LocalAddresses, ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
		}
		for _, r := range s.Reals {
			status.Destinations = append(status.Destinations, dataplane.DestinationStatus{
				RealKey: r.RealKey, Method: r.Method, Weight: r.Weight, Upper: r.Upper, Lower: r.Lower,
				Tunnel: encap.TunnelOptions{Type: r.Tunnel, Flags: r.TunnelFlags, Port: r.TunnelPort},
			})
		}
		list = append(list, status)
	}
	return list
}

func (d *runningDirector) Service(key config.ServiceKey) (s dataplane.ServiceStatus, ok bool) {
	for _, s := range d.Services() {
		if s.ServiceKey == key {
			return s, true
		}
	}
	return s, false
}

func (*runningDirector) Connections() func(func(conntrack.Listing) bool) {
	return func(func(conntrack.Listing) bool) {}
}
func (*runningDirector) Now() conntrack.Time             { return 0 }
func (*runningDirector) ConnectionCount() (n, limit int) { return 0, 1 }
func (*runningDirector) Total() (dataplane.Counters, rate.Rates) {
	return dataplane.Counters{}, rate.Rates{}
}
func (*runningDirector) WorkerTotals() []dataplane.Counters     { return nil }
func (*runningDirector) Verdicts() [dataplane.Verdicts]uint64   { return [dataplane.Verdicts]uint64{} }
func (*runningDirector) Ports() ([]dataplane.PortStatus, error) { return nil, nil }

// listen starts a director, and returns a function that runs ipvsadm with it.
func listen(tb testing.TB) func(line, stdin string) result {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "xlvs.sock")
	l, err := control.Listen(path, "")
	if err != nil {
		tb.Skip(err)
	}
	d := &runningDirector{}
	d.state = desired.New(d, nil)
	server := control.New(d, d.state, control.Options{})
	done := make(chan error)
	go func() { done <- server.Serve(l) }()
	client := control.NewClient(path)
	tb.Cleanup(func() {
		client.Close()
		if err := server.Shutdown(tb.Context()); err != nil {
			tb.Log(err)
		}
		<-done
	})
	return func(line, stdin string) result {
		var stdout, stderr bytes.Buffer
		p := Program{Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr, Hosts: noHosts{}}
		p.Dial = func() (Director, error) { return client, nil }
		return result{p.Run(tb.Context(), "ipvsadm", split(line)), stdout.String(), stderr.String()}
	}
}

// A script of ipvsadm's finds in a director what it knows of the kernel.
func TestThroughTheSocket(t *testing.T) {
	ipvsadm := listen(t)
	for _, step := range []struct {
		line string
		want result
	}{
		{"-A -t 192.0.2.1:80 -s rr", result{}},
		{"-A -t 192.0.2.1:80", result{255, "", "Service already exists\n"}},
		{"-A -t 192.0.2.1:81 -s nonesuch", result{255, "", "Scheduler or persistence engine not found\n"}},
		{"-A -t 192.0.2.1:81 --pe nonesuch -p", result{255, "", "Scheduler or persistence engine not found\n"}},
		{"-a -t 192.0.2.1:80 -r 198.51.100.11 -m -w 3", result{}},
		{"-a -t 192.0.2.1:80 -r 198.51.100.11 -m", result{255, "", "Destination already exists\n"}},
		{"-a -t 192.0.2.1:81 -r 198.51.100.11 -m", result{255, "", "Service not defined\n"}},
		{"-e -t 192.0.2.1:80 -r 198.51.100.12 -m", result{255, "", "No such destination\n"}},
		{"-d -t 192.0.2.1:80 -r 198.51.100.12", result{255, "", "No such destination\n"}},
		{"-E -t 192.0.2.1:81", result{255, "", "No such service\n"}},
		{"-D -t 192.0.2.1:81", result{255, "", "No such service\n"}},
		{"-Z -t 192.0.2.1:81", result{255, "", "No such service\n"}},
		{"-Ln -t 192.0.2.1:81", result{1, "", "No such service\n"}},
		{"-E -t 192.0.2.1:80 -s sh -b sh-port -z 192.0.2.5", result{}},
		{"-E -t 192.0.2.1:80 -s sed -p 60", result{}}, // the local address stays
		{"-P -t 192.0.2.1:80 -z 192.0.2.6:2000", result{}},
		{"-Q -t 192.0.2.1:80 -z 192.0.2.5", result{}},
		{"-S -n", result{Stdout: "-A -t 192.0.2.1:80 -s sed -p 60 --local-address 192.0.2.6:2000\n" +
			"-a -t 192.0.2.1:80 -r 198.51.100.11:80 -m -w 3\n"}},
		{"-Q -t 192.0.2.1:80 -z 192.0.2.6", result{}},
		{"-d -t 192.0.2.1:80 -r 198.51.100.11", result{}},
		{"-Ln -t 192.0.2.1:80", result{Stdout: titles[plain] + "TCP  192.0.2.1:80 sed persistent 60\n"}},
		{"--set 0 0 100", result{}},
		{"-L --timeout", result{Stdout: "Timeout (tcp tcpfin udp): 900 120 100\n"}},
		{"-Z", result{}},
		{"-Lnc", result{Stdout: connectionTitle}},
		{"-C", result{}},
		{"-Ln", result{Stdout: version + titles[plain]}},
	} {
		if got := ipvsadm(step.line, ""); got != step.want {
			t.Errorf("ipvsadm %s: %+v, want %+v", step.line, got, step.want)
		}
	}
	if got := ipvsadm("-A -t 224.0.0.1:80", ""); got.Code != 255 || !strings.HasPrefix(got.Stderr, invalid+"\n") {
		t.Errorf("ipvsadm with an address that is not unicast: %+v", got)
	}
}

func TestSaveRestoresThroughTheSocket(t *testing.T) {
	ipvsadm := listen(t)
	if got := ipvsadm("-R", manyRules(50)); got != (result{}) {
		t.Fatalf("ipvsadm -R: %+v", got)
	}
	saved := ipvsadm("-S -n", "")
	if strings.Count(saved.Stdout, "\n") != 100 {
		t.Fatalf("ipvsadm -S: %+v", saved)
	}
	if got := ipvsadm("-R", "-C\n"+saved.Stdout); got != (result{}) {
		t.Fatalf("ipvsadm -R of what -S said: %+v", got)
	}
	if again := ipvsadm("-S -n", ""); again != saved {
		t.Errorf("ipvsadm -S, -R, -S: %+v, want %+v", again, saved)
	}
}

// 10,000 services with ten destinations each, all the way to the director.
func BenchmarkRestoreThroughTheSocket(b *testing.B) {
	ipvsadm := listen(b)
	var in strings.Builder
	in.WriteString("-C\n")
	for i := range 10000 {
		fmt.Fprintf(&in, "-A -t 192.0.2.1:%d -s rr\n", i+1)
		for j := range 10 {
			fmt.Fprintf(&in, "-a -t 192.0.2.1:%d -r 198.51.100.%d:80 -m -w 1\n", i+1, j+1)
		}
	}
	for b.Loop() {
		if got := ipvsadm("-R", in.String()); got != (result{}) {
			b.Fatalf("%+v", got)
		}
	}
}
