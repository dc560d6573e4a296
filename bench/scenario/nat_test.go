package scenario

import (
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

func TestMasqueradingWithOnePublicAddress(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s1.raise(t, lab.WireOptions{})
			serveAll(t, s)
			direct(t, s, s.web(mode))
			for _, f := range s.families() {
				t.Run(f.name, func(t *testing.T) {
					checkTurns(t, s, f, 20)
					checkRefused(t, s.Client, f.public, 81)
				})
			}
			checkNobodyListens(t, s.Director, ":80")
		})
	}
}

// checkNobodyListens checks that the port is free on all addresses of h.
func checkNobodyListens(t *testing.T, h *lab.Host, port string) {
	t.Helper()
	l, err := h.Listen("tcp", port)
	if err != nil {
		t.Errorf("somebody listens: %v", err)
		return
	}
	l.Close()
}

// The host masquerades what real servers send outside, by its own rules and
// beside the director.
func TestRealServersReachOutside(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s1.raise(t, lab.WireOptions{})
			serveAll(t, s)
			files := serveWeb(t, s.Client, "outside", 7000)
			want := writeLarge(t, filepath.Join(files, "large"), 20<<20)
			direct(t, s, s.web(mode))
			atClient, err := s.Client.Capture("eth0")
			must(t, err)
			for _, f := range s.families() {
				checkOutside(t, s, f)
				checkTurns(t, s, f, 4)
			}
			checkAnsweredOnce(t, segments(t, atClient))
			atClient.Stop()
			for _, f := range s.families() {
				checkDownload(t, s.Real[0], url(parse(f.client), 7000)+"files/large", want)
			}
		})
	}
}

// checkOutside checks that each real server reaches the client's host, behind the
// director's address.
func checkOutside(t *testing.T, s *site, f family) {
	t.Helper()
	for _, rs := range s.Real {
		got := strings.TrimSpace(curl(t, rs, url(parse(f.client), 7000)))
		if want := "outside " + f.vip.String(); got != want {
			t.Errorf("%s from %s: got %q, want %q", f.name, rs.Name(), got, want)
		}
	}
}

// checkAnsweredOnce checks that nobody has sent a segment of a handshake twice,
// or a reset.
func checkAnsweredOnce(t *testing.T, list []segment) {
	t.Helper()
	type key struct {
		flow string
		ack  bool
	}
	seen := map[key]bool{}
	for _, s := range list {
		if s.tcp.RST {
			t.Errorf("reset: %v", s)
		}
		if k := (key{s.flow(), s.tcp.ACK}); s.tcp.SYN {
			if seen[k] {
				t.Errorf("sent twice: %v", s)
			}
			seen[k] = true
		}
	}
	if len(seen) == 0 {
		t.Error("no handshake captured")
	}
}

// A service on port 80 is mapped to port 8080, and each real server gets its
// weight's share to the connection.
func TestWeightsBehindAFirewall(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s2.raise(t, lab.WireOptions{})
			serveAll(t, s)
			direct(t, s, s.config(mode, "wrr", lvs.TCP, 80, 3, 2, 1))
			for _, f := range s.families() {
				t.Run(f.name, func(t *testing.T) {
					got := map[string]int{}
					for _, answer := range ask(t, s, f, 600) {
						got[answer]++
					}
					for name, want := range map[string]int{"rs1 ": 300, "rs2 ": 200, "rs3 ": 100} {
						if n := got[name+f.client]; n != want {
							t.Errorf("%s answered %d of 600 requests, want %d", name, n, want)
						}
					}
					if t.Failed() {
						t.Logf("answers: %v", got)
					}
				})
			}
		})
	}
}

// A client may use its port again at once, for a connection that is scheduled
// anew.
func TestClientUsesItsPortAgain(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	must(t, s.Client.Sysctl("net.ipv4.tcp_max_tw_buckets", "0")) // does not wait in TIME_WAIT
	serveAll(t, s)
	direct(t, s, s.web(config.XDP))
	for _, f := range s.families() {
		last := ""
		for range 6 {
			got := curl(t, s.Client, "--local-port", "40000", url(f.public, 80))
			if got == last {
				t.Errorf("%s: two connections in turn went to %q", f.name, got)
			}
			last = got
		}
	}
}
