package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// bulkCommand measures one TCP stream from the client to the real server, with
// all offloads as the kernel sets them, and reports on stdout.
func bulkCommand(ctx context.Context, args []string, stdout io.Writer) error {
	t := talk{
		command: "bulk", columns: []string{"Gbit/s"},
		unit:    time.Second, // iperf3 knows no other
		measure: measureBulk,
	}
	return t.run(ctx, args, stdout)
}

// measureBulk has iperf3 send for window, and returns how much arrived.
func measureBulk(ctx context.Context, n *network, window time.Duration) ([]float64, error) {
	number := strconv.Itoa(port)
	server, err := startSaying(ctx, "Server listening", n.sink,
		[]string{"iperf3", "--server", "--one-off", "--port", number, "--forceflush"})
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	ctx, cancel := context.WithTimeoutCause(ctx, window+patience, errSlow)
	defer cancel()
	out, err := n.generator.Run(ctx, "iperf3", "--client", vip, "--port", number,
		"--time", strconv.Itoa(int(window/time.Second)), "--json")
	if err != nil {
		return nil, err
	}
	rate, err := parseIperf(out)
	if err != nil {
		return nil, fmt.Errorf("read what iperf3 says: %w\n%s", err, out)
	}
	const giga = 1e9
	return []float64{rate / giga}, nil
}

var errIperf = errors.New("not the report of a stream that arrived")

// parseIperf returns the bits per second that the receiver counted, from the
// client's JSON.
func parseIperf(b []byte) (float64, error) {
	var r struct {
		End struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return 0, fmt.Errorf("%w: %w", errIperf, err)
	}
	if !(r.End.Received.Rate > 0) {
		return 0, errIperf
	}
	return r.End.Received.Rate, nil
}
