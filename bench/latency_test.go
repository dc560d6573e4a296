package main

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	tests := map[string]struct {
		in   []float64
		p    float64
		want float64
	}{
		"median of a hundred":  {hundred, 50, 50},
		"99th of a hundred":    {hundred, 99, 99},
		"last of a hundred":    {hundred, 100, 100},
		"least of a hundred":   {hundred, 0.5, 1},
		"median of three":      {[]float64{1, 2, 9}, 50, 2},
		"99th of three":        {[]float64{1, 2, 9}, 99, 9},
		"99th of a single one": {[]float64{7}, 99, 7},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := percentile(tt.in, tt.p); got != tt.want {
				t.Errorf("percentile(%v, %v) = %v, want %v", tt.in, tt.p, got, tt.want)
			}
		})
	}
}

// pipe returns a connection to somebody who does f, and waits for the end of f.
func pipe(t *testing.T, f func(net.Conn)) net.Conn {
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(there)
	}()
	t.Cleanup(func() {
		_ = here.Close()
		<-done
	})
	return here
}

func TestAsk(t *testing.T) {
	conn := pipe(t, func(c net.Conn) { echo(t.Context(), c) })
	times, err := ask(t.Context(), conn, 5*interval)
	if err != nil || len(times) != 5 {
		t.Fatalf("ask() = %v, %v, want five times", times, err)
	}
	for i, v := range times {
		if v <= 0 {
			t.Errorf("request %d took %v µs", i, v)
		}
	}
}

func TestAskInVain(t *testing.T) {
	conn := pipe(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, request))
		_ = c.Close()
	})
	if _, err := ask(t.Context(), conn, interval); !errors.Is(err, io.EOF) {
		t.Errorf("ask() whom nobody answers = %v, want %v", err, io.EOF)
	}
	cause := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := ask(ctx, conn, interval); !errors.Is(err, cause) {
		t.Errorf("ask() that is interrupted = %v, want %v", err, cause)
	}
}

// TestEchoEnds expects the end of an echo whose client does nothing.
func TestEchoEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn := pipe(t, func(c net.Conn) { echo(ctx, c) })
	cancel()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the client of an echo that has ended reads %v, want %v", err, io.EOF)
	}
}
