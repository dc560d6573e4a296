package scenario

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
)

// held are deployments whose VIPs are on an interface of the director.
var held = []placement{
	{"masquerading", func(t *testing.T) *site { t.Helper(); return simple.raise(t, lab.WireOptions{}) }},
	{"direct routing", func(t *testing.T) *site { t.Helper(); return s3b.raise(t, lab.WireOptions{}) }},
}

// A segment of no connection is reset, by the host whose address it is for, or by
// the director if there is none.
func TestStraySegmentIsReset(t *testing.T) {
	verdicts := map[string][]placement{"given to the host": held, "answered for the host": unheld}
	for verdict, placements := range verdicts {
		for _, p := range placements {
			for _, mode := range modes {
				t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
					t.Parallel()
					s := p.raise(t)
					atClient, err := s.Client.Capture("eth0")
					must(t, err)
					d := direct(t, s, s.web(mode))
					for _, f := range s.families() {
						const port, ack = 40000, 2000
						g := forge(t, s, f)
						must(t, g.send(g.segment(port, ack)))
						checkOneReset(t, atClient, f, port, ack)
					}
					if got := d.verdict(verdict); got != 2 {
						t.Errorf("%d packets %s, want 2", got, verdict)
					}
				})
			}
		}
	}
}

// checkOneReset checks that the VIP answers an acknowledgement of ack from port as
// RFC 9293, section 3.5.2, has it, and says nothing else.
func checkOneReset(t *testing.T, c *lab.Capture, f family, port uint16, ack uint32) {
	t.Helper()
	var answers []segment
	eventually(t, fmt.Sprintf("%v answers", f.vip), func() bool {
		answers = nil
		for _, s := range segments(t, c) {
			if s.src == f.vip && uint16(s.tcp.DstPort) == port {
				answers = append(answers, s)
			}
		}
		return len(answers) > 0
	})
	if a := answers[0]; len(answers) > 1 || !a.tcp.RST || a.tcp.Seq != ack {
		t.Errorf("answers %v, want one reset with seq=%d", answers, ack)
	}
}

// The client of a connection that a director before this one had learns at once
// that it is gone.
func TestConnectionOfFormerDirectorIsReset(t *testing.T) {
	for _, p := range append(held[:2:2], unheld...) {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
				t.Parallel()
				s := p.raise(t)
				accepted := serveStreams(t, s)
				d := direct(t, s, s.web(mode))
				var clients []*net.TCPConn
				for _, f := range s.families() {
					client, server := connect(t, s, f, accepted)
					checkEcho(t, client, server)
					clients = append(clients, client)
				}
				d.stop()
				d.start()
				for i, f := range s.families() {
					checkGone(t, clients[i])
					client, server := connect(t, s, f, accepted)
					checkEcho(t, client, server)
				}
			})
		}
	}
}

// checkGone checks that what c sends next is answered by a reset. A late
// acknowledgement may have got one already.
func checkGone(t *testing.T, c *net.TCPConn) {
	t.Helper()
	must(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := c.Write([]byte("who is there?"))
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v: %v, want connection reset", c.RemoteAddr(), err)
	}
}

// A client that knows a real server's own address reaches it through the
// director, whose host routes, though replies come from a service's real server.
func TestClientGoesStraightToRealServer(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s1.raise(t, lab.WireOptions{})
			var files []string
			for i, rs := range s.Real {
				files = append(files, serveWeb(t, rs, fmt.Sprintf("rs%d", i+1), s.port))
			}
			want := writeLarge(t, filepath.Join(files[0], "large"), 1<<20)
			must(t, s.Client.Route("192.168.0.0/24", s.VIP.String()))
			must(t, s.Client.Route("2001:db8:1::/64", s.VIP6.String()))
			atClient, err := s.Client.Capture("eth0")
			must(t, err)
			direct(t, s, s.web(mode))
			for _, f := range s.families() {
				checkTurns(t, s, f, 4)
				for i, addr := range f.reals {
					got := strings.TrimSpace(curl(t, s.Client, url(parse(addr), 80)))
					if want := fmt.Sprintf("rs%d %s", i+1, f.client); got != want {
						t.Errorf("%s answers %q, want %q", addr, got, want)
					}
				}
				checkTurns(t, s, f, 4)
			}
			checkAnsweredOnce(t, segments(t, atClient))
			if mode == config.XDPGeneric {
				return // loses the large frames of a file, and says so
			}
			for _, f := range s.families() {
				checkDownload(t, s.Client, url(parse(f.reals[0]), 80)+"files/large", want)
			}
		})
	}
}
