package demo

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// ask has a client at 127.0.0.1 ask handler, whatever address it dials.
func ask(t *testing.T, handler http.Handler) (int, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return newClient(dial, localService()).get(t.Context())
}

// localService is one whose client is 127.0.0.1.
func localService() service {
	f := addresses("127.0.0.1", "2001:db8::1", "192.0.2.11", "192.0.2.12")
	return service{family: f, port: port, seen: f.cip}
}

func TestGetTellsWhoAnswered(t *testing.T) {
	for i := range 2 {
		if n, err := ask(t, greeter(realName(i))); n != i || err != nil {
			t.Errorf("get() from %s = %d, %v", realName(i), n, err)
		}
	}
}

func TestGetRefusesOtherAnswers(t *testing.T) {
	tests := map[string]string{
		"a server there is not":  "I am rs3, and you are 127.0.0.1.\n",
		"another client":         "I am rs1, and you are 192.0.2.1.\n",
		"nothing":                "",
		"cut short":              "I am rs1, and you are 127.0.0.1.",
		"more than the greeting": greeting("rs1", localService().cip) + "Goodbye.\n",
		"hearsay":                introduced("rs1", localService().cip, localService().cip),
		"without end":            strings.Repeat("rs1 ", maxAnswer),
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, body)
			}))
			if !errors.Is(err, errAnswer) {
				t.Errorf("get() of %.40q = %v, want errAnswer", body, err)
			}
		})
	}
}

func TestGetTellsWhyItWasCanceled(t *testing.T) {
	cause := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, ctx.Err() }
	c := newClient(dial, localService())
	if _, err := c.get(ctx); !errors.Is(err, cause) {
		t.Errorf("get() = %v, want %v", err, cause)
	}
}

func TestCheckTurns(t *testing.T) {
	tests := map[string]struct {
		answers []int
		n       int
		ok      bool
	}{
		"the first begins":      {[]int{0, 1, 0, 1}, 2, true},
		"the second begins":     {[]int{1, 0, 1, 0, 1}, 2, true},
		"three servers":         {[]int{2, 0, 1, 2, 0, 1}, 3, true},
		"one server":            {[]int{0, 0}, 1, true},
		"always the same":       {[]int{1, 1, 1, 1}, 2, false},
		"out of step":           {[]int{0, 1, 1, 0}, 2, false},
		"one of three is idle":  {[]int{0, 1, 0, 1, 0, 1}, 3, false},
		"too few answers":       {[]int{0}, 2, false},
		"no answers":            {nil, 2, false},
		"the last out of turn":  {[]int{0, 1, 0, 1, 1}, 2, false},
		"backwards after a lap": {[]int{0, 1, 2, 2, 1, 0}, 3, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkTurns(tt.answers, tt.n)
			if ok := err == nil; ok != tt.ok || !ok && !errors.Is(err, errTurns) {
				t.Errorf("checkTurns(%v, %d) = %v, want ok %t", tt.answers, tt.n, err, tt.ok)
			}
		})
	}
}
