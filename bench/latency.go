package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"time"
)

const (
	// interval is the time between two requests: so long that each finds a
	// network at rest.
	interval = time.Millisecond
	// request is the size of a request, and of its answer.
	request = 64
)

// latencyCommand measures the round trips of small requests on one connection,
// at a low fixed rate, and reports on stdout.
func latencyCommand(ctx context.Context, args []string, stdout io.Writer) error {
	t := talk{
		command: "latency", columns: []string{"p50 µs", "p99 µs"},
		unit:    interval,
		measure: measureLatency,
	}
	return t.run(ctx, args, stdout)
}

// measureLatency returns the median and the 99th percentile of the times of
// requests in window.
func measureLatency(ctx context.Context, n *network, window time.Duration) ([]float64, error) {
	times, err := requests(ctx, n, window)
	if err != nil {
		return nil, err
	}
	return []float64{percentile(times, 50), percentile(times, 99)}, nil
}

// requests asks an echo in the real server's host for window, and returns how long
// each answer took, in order of that.
func requests(ctx context.Context, n *network, window time.Duration) ([]float64, error) {
	server, err := startSelf(ctx, n.sink, echoName, anyAddress)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	ctx, cancel := context.WithTimeoutCause(ctx, warmUp+window+patience, errSlow)
	defer cancel()
	conn, err := n.generator.Dial(ctx, "tcp", fmt.Sprintf("%s:%d", vip, port)) // without Nagle's delay
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := ask(ctx, conn, warmUp); err != nil {
		return nil, err
	}
	times, err := ask(ctx, conn, window)
	if err != nil {
		return nil, err
	}
	slices.Sort(times)
	return times, nil
}

// ask sends a request each interval for window, and returns how long each answer
// took, in microseconds.
func ask(ctx context.Context, conn net.Conn, window time.Duration) ([]float64, error) {
	var b [request]byte
	times := make([]float64, window/interval)
	next := time.Now()
	for i := range times {
		time.Sleep(time.Until(next))
		start := time.Now()
		_, err := conn.Write(b[:])
		if err == nil {
			_, err = io.ReadFull(conn, b[:])
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", i, err)
		}
		times[i] = float64(time.Since(start)) / float64(time.Microsecond)
		next = next.Add(interval)
	}
	return times, nil
}

// percentile returns the least value of sorted that p in a hundred do not exceed.
// There is at least one value, and p is in (0, 100].
func percentile(sorted []float64, p float64) float64 {
	return sorted[int(math.Ceil(p/100*float64(len(sorted))))-1]
}
