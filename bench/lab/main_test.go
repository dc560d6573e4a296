package lab_test

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"xlvs/bench/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// must fails the test if setting something up did not work.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host makes a host.
func host(t *testing.T, l *lab.Lab, name string) *lab.Host {
	t.Helper()
	h, err := l.Host(name)
	must(t, err)
	return h
}

// serve has h accept connections on address and tell each the address it came
// from.
func serve(t *testing.T, h *lab.Host, address string) {
	t.Helper()
	l, err := h.Listen("tcp", address)
	must(t, err)
	ended := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			from, _, _ := net.SplitHostPort(c.RemoteAddr().String())
			_, _ = c.Write([]byte(from))
			_ = c.Close()
		}
	}()
}

// seenFrom returns the address that the server at address sees h come from.
func seenFrom(t *testing.T, h *lab.Host, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	c, err := h.Dial(ctx, "tcp", address)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	b := make([]byte, 64)
	n, err := c.Read(b)
	if err != nil {
		t.Errorf("read from %s: %v", address, err)
	}
	return string(b[:n])
}
