package scenario

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
)

// How a TCP connection ends reaches the other end as it was meant.
func TestConnectionEnds(t *testing.T) {
	tests := map[string]func(t *testing.T, client, server *net.TCPConn){
		"client resets":      checkReset,
		"server resets":      func(t *testing.T, client, server *net.TCPConn) { checkReset(t, server, client) },
		"client half-closes": checkHalfClose,
		"server half-closes": func(t *testing.T, client, server *net.TCPConn) { checkHalfClose(t, server, client) },
	}
	for _, d := range []struct {
		name string
		deployment
	}{{"masquerading", simple}, {"direct routing", s3b}} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := d.raise(t, lab.WireOptions{})
			accepted := serveStreams(t, s)
			direct(t, s, s.web(config.XDP))
			for _, f := range s.families() {
				for name, check := range tests {
					t.Run(f.name+", "+name, func(t *testing.T) {
						client, server := connect(t, s, f, accepted)
						check(t, client, server)
					})
				}
			}
		})
	}
}

// serveStreams listens on every real server of s.
func serveStreams(t *testing.T, s *site) <-chan *net.TCPConn {
	t.Helper()
	accepted := make(chan *net.TCPConn)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, rs := range s.Real {
		accept(t, ctx, rs, ":"+strconv.Itoa(int(s.port)), accepted)
	}
	return accepted
}

// accept sends the connections to address of h to accepted, until ctx ends.
func accept(t *testing.T, ctx context.Context, h *lab.Host, address string, accepted chan<- *net.TCPConn) {
	t.Helper()
	l, err := h.Listen("tcp", address)
	must(t, err)
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case accepted <- c.(*net.TCPConn):
			case <-ctx.Done():
				c.Close()
			}
		}
	}()
}

// connect returns both ends of a new connection to the service on port 80.
func connect(t *testing.T, s *site, f family, accepted <-chan *net.TCPConn) (client, server *net.TCPConn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := s.Client.Dial(ctx, "tcp", net.JoinHostPort(f.public.String(), "80"))
	must(t, err)
	select {
	case server = <-accepted:
	case <-ctx.Done():
		t.Fatal("no real server has accepted the connection")
	}
	client = c.(*net.TCPConn)
	for _, c := range []*net.TCPConn{client, server} {
		t.Cleanup(func() { c.Close() })
		must(t, c.SetDeadline(time.Now().Add(patience)))
	}
	return client, server
}

// checkReset checks that a reset by one end arrives at the other.
func checkReset(t *testing.T, by, at *net.TCPConn) {
	t.Helper()
	must(t, by.SetLinger(0)) // has Close send RST
	must(t, by.Close())
	if _, err := at.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: %v, want connection reset", err)
	}
}

// checkHalfClose checks that data still flows to an end that has said its last.
func checkHalfClose(t *testing.T, by, at *net.TCPConn) {
	t.Helper()
	const last, more = "that was all", "there is more to say"
	_, err := by.Write([]byte(last))
	must(t, err)
	must(t, by.CloseWrite())
	got, err := io.ReadAll(at)
	if err != nil || string(got) != last {
		t.Errorf("before the half-close: read %q, %v, want %q", got, err, last)
	}
	_, err = at.Write([]byte(more))
	must(t, err)
	must(t, at.Close())
	got, err = io.ReadAll(by)
	if err != nil || string(got) != more {
		t.Errorf("after the half-close: read %q, %v, want %q", got, err, more)
	}
}
