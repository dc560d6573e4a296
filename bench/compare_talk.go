package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// measureStream returns the bits per second of one TCP stream, in billions.
func measureStream(ctx context.Context, s *site) ([]float64, error) {
	return measureBulk(ctx, s.network, max(time.Second, s.window.Round(time.Second)))
}

// measureRequests returns how long requests take: the median, and what 99 and
// 99.9 of a hundred do not exceed.
func measureRequests(ctx context.Context, s *site) ([]float64, error) {
	times, err := requests(ctx, s.network, s.window)
	if err != nil {
		return nil, err
	}
	return []float64{percentile(times, 50), percentile(times, 99), percentile(times, 99.9)}, nil
}

// connectClients is how many clients connect at the same time.
const connectClients = 32

var errUnanswered = errors.New("connections were not answered")

// measureConnections returns how many short connections there are in a second,
// and the processor time of one in microseconds.
func measureConnections(ctx context.Context, s *site) (_ []float64, err error) {
	server, err := startSelf(ctx, s.sink, acceptName, anyAddress)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	meter, err := s.meter()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, meter.close()) }()
	before, err := meter.read()
	if err != nil {
		return nil, err
	}
	got, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	after, err := meter.read()
	if err != nil {
		return nil, err
	}
	n := float64(got.Connections)
	return []float64{n / got.Seconds, float64(after-before) / n / 1e3}, nil
}

// connect runs the clients. Most of their connections must be answered.
func (s *site) connect(ctx context.Context) (got connected, err error) {
	self, err := os.Executable()
	if err != nil {
		return got, fmt.Errorf("find own program: %w", err)
	}
	out, err := s.generator.Run(ctx, self, connectName, fmt.Sprintf("%s:%d", vip, port),
		strconv.Itoa(connectClients), strconv.FormatFloat(s.window.Seconds(), 'f', -1, 64))
	if err != nil {
		return got, err
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return got, fmt.Errorf("read what the clients say: %w", err)
	}
	if got.Connections == 0 || got.Failed > got.Connections/10 {
		return got, fmt.Errorf("%w: %d of %d, one because of: %s%s",
			errUnanswered, got.Failed, got.Failed+got.Connections, got.Error, s.work.said())
	}
	return got, nil
}
