package scenario

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// What is for the director's own address, on which it has a service too, goes to
// the host: a session stays alive while a director comes, works and goes.
func TestHostTrafficIsUntouched(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			need(t, "socat", "ping")
			s := s1.raise(t, lab.WireOptions{})
			serveAll(t, s)
			serveEcho(t, s.Director, 22)
			var sessions []*session
			for _, f := range s.families() {
				sessions = append(sessions, login(t, s.Client, netip.AddrPortFrom(f.vip, 22)))
			}
			d := direct(t, s, s.web(mode))
			for _, f := range s.families() {
				checkTurns(t, s, f, 10)
				checkPing(t, s.Client, f.vip)
				checkPing(t, s.Real[0], f.vip)
			}
			d.reload(s.config(mode, "wrr", lvs.TCP, 80, 2, 1))
			d.process.Stop()
			for _, session := range sessions {
				session.checkAlive(t)
			}
		})
	}
}

// The director's host reaches real servers as a client of its own, also from an
// address that it has been given while the director runs.
func TestHostReachesRealServers(t *testing.T) {
	t.Parallel()
	s := s1.raise(t, lab.WireOptions{})
	serveAll(t, s)
	direct(t, s, s.web(config.XDP))
	later := []string{"192.168.0.150", "2001:db8:1::150"}
	must(t, s.Director.AddAddr("eth1", later[0]+"/24", later[1]+"/64"))
	for i, f := range s.families() {
		checkTurns(t, s, f, 2)
		for j, addr := range f.reals {
			curl(t, s.Director, url(parse(addr), 80))
			want := fmt.Sprintf("rs%d %s", j+1, later[i])
			eventually(t, fmt.Sprintf("%s answers %s", addr, later[i]), func() bool {
				got, err := tryCurl(t.Context(), s.Director, "--max-time", "1", "--interface", later[i], url(parse(addr), 80))
				return err == nil && strings.TrimSpace(got) == want
			})
		}
	}
}

// serveEcho runs an echo server on port of all addresses of h.
func serveEcho(t *testing.T, h *lab.Host, port uint16) {
	t.Helper()
	p, err := h.Start(exec.Command("socat", fmt.Sprintf("TCP6-LISTEN:%d,fork,reuseaddr,ipv6only=0", port), "EXEC:cat"))
	must(t, err)
	t.Cleanup(p.Stop)
	awaitPort(t, h, netip.AddrPortFrom(netip.IPv6Loopback(), port))
}

// checkPing checks that no echo request from h is lost.
func checkPing(t *testing.T, h *lab.Host, addr netip.Addr) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := h.Run(ctx, "ping", "-c", "5", "-i", "0.05", "-W", "2", addr.String())
	if err != nil || !strings.Contains(string(out), " 0% packet loss") {
		t.Errorf("ping: %v\n%s", err, out)
	}
}

// A session is a connection to an echo server on which data flows all the time.
type session struct {
	conn net.Conn
	sent chan int // how many bytes came back, once the session has ended
	err  error    // written before sent
	stop chan struct{}
}

// login opens a session from h.
func login(t *testing.T, h *lab.Host, addr netip.AddrPort) *session {
	t.Helper()
	c, err := h.Dial(t.Context(), "tcp", addr.String())
	must(t, err)
	s := &session{conn: c, sent: make(chan int, 1), stop: make(chan struct{})}
	t.Cleanup(func() { c.Close() })
	go s.run()
	return s
}

// run types and waits for the echo, until stop is closed.
func (s *session) run() {
	line := []byte(strings.Repeat("who is there? ", 300)) // more than a segment
	echo := make([]byte, len(line))
	n := 0
	defer func() { s.sent <- n }()
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(time.Millisecond):
		}
		// While links change, either end may wait long before it sends again.
		if s.err = s.conn.SetDeadline(time.Now().Add(3 * patience)); s.err != nil {
			return
		}
		if _, s.err = s.conn.Write(line); s.err != nil {
			return
		}
		if _, s.err = io.ReadFull(s.conn, echo); s.err != nil {
			return
		}
		n += len(echo)
	}
}

// checkAlive ends the session and checks that it had not ended by itself.
func (s *session) checkAlive(t *testing.T) {
	t.Helper()
	close(s.stop)
	if n := <-s.sent; s.err != nil || n == 0 {
		t.Errorf("session with %v ended after %d bytes: %v", s.conn.RemoteAddr(), n, s.err)
	}
}
