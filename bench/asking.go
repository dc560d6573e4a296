package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"xlvs/bench/lab"
)

// An asking is a client that asks a real server something each interval, while
// something else is measured.
type asking struct {
	stop func() // ends it
	done chan struct{}

	mu    sync.Mutex
	times []float64 // of the requests since take, in microseconds
	err   error     // why it has ended by itself
}

// atOnce is how many requests are noted at once.
const atOnce = 10

// beginAsking begins in h.
func beginAsking(ctx context.Context, h *lab.Host) (*asking, error) {
	conn, err := h.Dial(ctx, "tcp", fmt.Sprintf("%s:%d", vip, port))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	a := &asking{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer func() { _ = conn.Close() }()
		for ctx.Err() == nil {
			times, err := ask(ctx, conn, atOnce*interval)
			a.mu.Lock()
			a.times = append(a.times, times...)
			if ctx.Err() == nil {
				a.err = err
			}
			a.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return a, nil
}

// take returns how long each request since the last take took, in order of that.
func (a *asking) take() []float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	times := a.times
	a.times = nil
	slices.Sort(times)
	return times
}

// end ends it, and returns why it has ended by itself, if it has.
func (a *asking) end() error {
	a.stop()
	<-a.done
	return a.err
}
