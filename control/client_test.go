package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/dataplane/rawsock"
	"xlvs/lvs"
)

func TestClientLooks(t *testing.T) {
	d := twoServices()
	d.counters, d.rates = dataplane.Counters{Conns: 1, InPkts: 2, OutPkts: 3, InBytes: 4, OutBytes: 5}, rate.Rates{InPkts: 6}
	d.ports = []dataplane.PortStatus{{Name: "eth0", Present: true, Mode: config.Packet, Queues: 2, Raw: rawsock.Stats{Rx: 9}}}
	d.connections = append(d.connections, flow(1))
	s := open(t, d, Options{Version: "v1", File: "/etc/xlvs.toml"}, nil)
	ctx := t.Context()
	total, rates, err := s.Total(ctx)
	check(t, "Total", []any{total, rates}, err, []any{d.counters, d.rates})
	services, err := s.Services(ctx)
	want := d.Services()
	want[1].Destinations = []dataplane.DestinationStatus{} // not nil
	check(t, "Services", services, err, want)
	service, err := s.Service(ctx, web)
	check(t, "Service", service, err, want[0])
	workers, err := s.WorkerTotals(ctx)
	check(t, "WorkerTotals", workers, err, d.WorkerTotals())
	verdicts, err := s.Verdicts(ctx)
	check(t, "Verdicts", []uint64{verdicts["forwarded"], verdicts["no route"]}, err, []uint64{5, 7})
	n, limit, err := s.ConnectionCount(ctx)
	check(t, "ConnectionCount", []int{n, limit}, err, []int{1, 1_000_000})
	timeouts, err := s.Timeouts(ctx)
	check(t, "Timeouts", timeouts, err, config.Default().Timeouts)
	sysctls, err := s.Sysctls(ctx)
	check(t, "Sysctls", sysctls, err, lvs.DefaultSysctls())
	ports, err := s.Interfaces(ctx)
	check(t, "Interfaces", ports, err, d.ports)
	inode, _ := namespace()
	status, err := s.Status(ctx)
	status.Uptime = 0
	check(t, "Status", status, err, Status{Version: "v1", PID: os.Getpid(), Namespace: inode, File: "/etc/xlvs.toml"})
	text, err := s.Client.Config(ctx)
	if _, parse := config.Parse("", text); err != nil || parse != nil {
		t.Errorf("Config = %s, %v, %v", text, err, parse)
	}
}

// check compares what a call has returned.
func check(t *testing.T, call string, got any, err error, want any) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s = %+v, %v, want %+v", call, got, err, want)
	}
}

func TestClientChanges(t *testing.T) {
	s := open(t, twoServices(), Options{}, nil)
	ctx := t.Context()
	add := desired.Operation{Kind: desired.AddDestination, Key: web, Real: real("198.51.100.12:80")}
	if err := s.Do(ctx, []desired.Operation{add}); err != nil {
		t.Fatal(err)
	}
	err := s.Do(ctx, []desired.Operation{{Kind: desired.Flush}, add})
	var e *Error
	if !errors.Is(err, desired.ErrNoService) || !errors.As(err, &e) || e.Operation != 1 {
		t.Errorf("Do = %v, want ErrNoService of operation 1", err)
	}
	if err := s.DoIf(ctx, 0, []desired.Operation{{Kind: desired.Flush}}); !errors.Is(err, desired.ErrStale) {
		t.Errorf("DoIf of an old revision = %v, want ErrStale", err)
	}
	if err := s.DoIf(ctx, 1, []desired.Operation{{Kind: desired.EditDestination, Key: web, Real: add.Real}}); err != nil {
		t.Errorf("DoIf = %v", err)
	}
	errs, err := s.DoEach(ctx, []desired.Operation{
		add, {Kind: desired.DeleteService, Key: dns}, {Kind: desired.AddService, Service: config.Service{ServiceKey: dns, Scheduler: "best"}},
	})
	if err != nil || len(errs) != 3 || !errors.Is(errs[0], desired.ErrDestinationExists) || errs[1] != nil || !errors.Is(errs[2], desired.ErrNoScheduler) {
		t.Errorf("DoEach = %v, %v, want destination exists, nothing, no scheduler", errs, err)
	}
	if got := s.director.Services(); len(got) != 1 || len(got[0].Destinations) != 2 {
		t.Errorf("services %+v, want web with two destinations", got)
	}
	if _, err := s.Service(ctx, dns); !errors.Is(err, desired.ErrNoService) {
		t.Errorf("Service = %v, want ErrNoService", err)
	}
	if _, err := s.Reload(ctx, nil, desired.Reload{}); !errors.Is(err, ErrNotSupported) {
		t.Errorf("Reload = %v, want ErrNotSupported", err)
	}
}

func TestNoDirector(t *testing.T) {
	dir := t.TempDir()
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "dead.sock")})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	for _, path := range []string{filepath.Join(dir, "none.sock"), filepath.Join(dir, "dead.sock"), filepath.Join(dir, "no", "folder.sock")} {
		_, err := NewClient(path).Services(t.Context())
		if !errors.Is(err, ErrNoDirector) || !strings.Contains(err.Error(), path) {
			t.Errorf("Services at %s = %v, want ErrNoDirector", path, err)
		}
	}
}

// What is no answer of a director is an error, and never half a result.
func TestStrangeAnswers(t *testing.T) {
	tests := map[string]string{
		"nothing":                "",
		"no HTTP":                "220 mail.example ESMTP\r\n",
		"a failure of another":   "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad",
		"no JSON":                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad",
		"an empty answer":        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"an answer cut short":    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"services\":[",
		"a stream cut short":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"a list that never ends": "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"services\":[",
		"an unknown protocol":    "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{\"services\":[{\"protocol\":\"gre\"}]}",
		"a line without its end": "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"protocol\":\"tcp\"}",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			var served sync.WaitGroup
			served.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = c.Read(make([]byte, 4096))
					_, _ = io.WriteString(c, text)
					_ = c.Close()
				}
			})
			defer served.Wait()
			defer func() { _ = l.Close() }()
			c := NewClient(path)
			defer c.Close()
			if got, err := c.Services(t.Context()); err == nil || got != nil {
				t.Errorf("Services = %+v, %v, want an error", got, err)
			}
			if err := c.Connections(t.Context(), func(Connection) error { return nil }); err == nil && name != "an empty answer" {
				t.Error("Connections = nil, want an error")
			}
			if _, err := c.DoEach(t.Context(), nil); err == nil && name != "an unknown protocol" && name != "a line without its end" {
				t.Error("DoEach = nil, want an error")
			}
		})
	}
}

func TestClientGivesUp(t *testing.T) {
	d := twoServices()
	release := make(chan struct{})
	d.hook = func() { <-release }
	s := open(t, d, Options{}, nil)
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.Total(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Total = %v, want DeadlineExceeded", err)
	}
}

// A mistake of the director's ends one request and nothing else.
func TestServerSurvivesPanic(t *testing.T) {
	d := twoServices()
	d.hook = func() { panic("a mistake") }
	told := make(chan error, 9)
	s := open(t, d, Options{Warn: func(err error) { told <- err }}, nil)
	if _, _, err := s.Total(t.Context()); err == nil {
		t.Error("Total = nil, want an error")
	}
	if err := <-told; !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("somebody is told %v, want the mistake", err)
	}
	if _, err := s.Services(t.Context()); err != nil {
		t.Errorf("Services afterwards = %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	s := open(t, twoServices(), Options{}, func(s *Server) { s.maxBody = 100 })
	if r := s.ask(t, "POST", "/v1/batch", `{"operations":[`+strings.Repeat(" ", 83)+`]}`); r.status != 204 {
		t.Errorf("100 bytes: status %d, %s, want 204", r.status, r.body)
	}
	if r := s.ask(t, "POST", "/v1/batch", `{"operations":[`+strings.Repeat(" ", 84)+`]}`); r.status != 413 || r.code() != "too-large" {
		t.Errorf("101 bytes: status %d, %s, want 413", r.status, r.body)
	}
}

// Fifty clients at once lose no change of one another's.
func TestManyClients(t *testing.T) {
	const clients, changes = 50, 5
	s := open(t, new(fakeDirector), Options{}, nil)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			c := NewClient(s.path)
			defer c.Close()
			for j := range changes {
				key := config.ServiceKey{Protocol: lvs.TCP, VIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), Port: uint16(80 + j)}
				if err := c.Do(t.Context(), []desired.Operation{{Kind: desired.AddService, Service: config.Service{ServiceKey: key, Scheduler: "rr"}}}); err != nil {
					t.Error(err)
				}
				if got, err := c.Service(t.Context(), key); err != nil || got.ServiceKey != key {
					t.Errorf("Service(%v) = %+v, %v", key, got, err)
				}
			}
			if _, err := c.Services(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := s.Services(t.Context())
	if err != nil || len(got) != clients*changes || s.state.Revision() != clients*changes {
		t.Errorf("%d services, revision %d, %v, want %d", len(got), s.state.Revision(), err, clients*changes)
	}
}

func ExampleClient() {
	path, err := SocketPath()
	if err != nil {
		fmt.Println(err)
		return
	}
	c := NewClient(path)
	defer c.Close()
	switch _, err := c.Services(context.Background()); {
	case errors.Is(err, ErrNoDirector):
		// start one
	case errors.Is(err, ErrPermission):
		// ask root
	}
	// Output:
}
