package main

import (
	"context"
	"errors"
	"time"
)

// frameSum is the checksum of a frame on a wire, which a veth does without.
const frameSum = 4

// warm opens a load as fast as it goes, and warms the way up.
func (s *site) warm(ctx context.Context, connections, size int) (*load, error) {
	l, err := s.load(connections, size-frameSum, orders{})
	if err != nil {
		return nil, err
	}
	if err := s.wait(ctx, warmUp); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// measureRate returns how many packets arrive when more are sent than can.
func measureRate(ctx context.Context, s *site) (_ []float64, err error) {
	l, err := s.warm(ctx, usual, s.point)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	p, err := l.watch(ctx, s.window)
	return []float64{p.rate()}, err
}

// measureCrowdedRate is measureRate with many connections, when all have been
// made: a full load loses first packets as it does others, so the stream goes
// around twice before it counts.
func measureCrowdedRate(ctx context.Context, s *site) (_ []float64, err error) {
	l, err := s.warm(ctx, s.point, smallest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if _, err := s.reach(ctx, 2*uint64(s.point), l.generator.count); err != nil {
		return nil, err
	}
	p, err := l.watch(ctx, s.window)
	return []float64{p.rate()}, err
}

// measurePacketCost returns the processor time of a packet at half the full load,
// where none is received in vain.
func measurePacketCost(ctx context.Context, s *site) (_ []float64, err error) {
	l, err := s.warm(ctx, usual, smallest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	full, err := l.watch(ctx, s.window/2)
	if err != nil {
		return nil, err
	}
	if err := l.generator.order(orders{Interval: interval64(full.rate() / 2)}); err != nil {
		return nil, err
	}
	if err := s.wait(ctx, drain); err != nil {
		return nil, err
	}
	p, err := l.watchCost(ctx, s.window)
	if err != nil {
		return nil, err
	}
	return []float64{float64(p.cost) / p.arrived}, nil
}

const (
	// drain is how long frames may be on their way through full queues.
	drain = 30 * time.Millisecond
	// lossAllowed is the share of a stream that may be lost in a rate without loss.
	lossAllowed = 0.001
	// halvings is how often the search for that rate halves what is left of it.
	halvings = 7
)

// measureLossless searches the highest rate without loss below the full load.
func measureLossless(ctx context.Context, s *site) (_ []float64, err error) {
	l, err := s.warm(ctx, usual, smallest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	full, err := l.watch(ctx, s.window/2)
	if err != nil {
		return nil, err
	}
	best, err := l.search(ctx, 1.2*full.rate(), s.window/4, lossAllowed)
	return []float64{best}, err
}

// search returns the highest rate below high at which no more than the share
// allowed is lost, in millions a second. Each try takes window. A rate that loses
// is tried once more: a machine's neighbours should not halve the result.
func (l *load) search(ctx context.Context, high float64, window time.Duration, allowed float64) (best float64, err error) {
	low := 0.0
	for range halvings {
		try, good := (low+high)/2, false
		for attempt := 0; attempt < 2 && !good; attempt++ {
			sent, lost, err := l.offer(ctx, try, window)
			if err != nil {
				return 0, err
			}
			if good = lost <= allowed; good {
				best = max(best, sent)
			}
		}
		if good {
			low = try
		} else {
			high = try
		}
	}
	return best, nil
}

// offer sends at a rate for window, and returns the rate that became of it and
// the share of packets that were lost. Rates are in millions a second.
func (l *load) offer(ctx context.Context, rate float64, window time.Duration) (sent, lost float64, err error) {
	var readings [2]reading
	var began time.Time
	var took time.Duration
	for i, o := range []orders{{Enough: 1}, {Interval: interval64(rate)}, {Enough: 1}} {
		if err := l.generator.order(o); err != nil {
			return 0, 0, err
		}
		if o.Enough == 0 {
			began = time.Now()
			if err := l.site.wait(ctx, window); err != nil {
				return 0, 0, err
			}
			took = time.Since(began)
			continue
		}
		if err := l.site.wait(ctx, drain); err != nil {
			return 0, 0, err
		}
		if readings[i/2], err = l.read(); err != nil {
			return 0, 0, err
		}
	}
	n := float64(readings[1].sent - readings[0].sent)
	if n == 0 {
		return 0, 1, nil // slower than the window is long
	}
	arrived := float64(readings[1].arrived - readings[0].arrived)
	return n / took.Seconds() / 1e6, 1 - arrived/n, nil
}

// interval64 returns the nanoseconds between packets of a rate in millions a
// second.
func interval64(rate float64) uint64 { return max(1, uint64(1e3/max(rate, 1e-6))) }
