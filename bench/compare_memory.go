package main

import (
	"context"
	"errors"
	"fmt"

	"xlvs/bench/compare"
)

const (
	// fillInterval is the time between first packets of connections, in
	// nanoseconds: so long that hardly one is lost.
	fillInterval = 5000
	// fillings is how often the stream goes around for those that were lost.
	fillings = 4
)

// measureMemory makes connections, and returns the megabytes that are in use then.
func measureMemory(ctx context.Context, s *site) (_ []float64, err error) {
	if n := uint64(s.point); n > 0 {
		l, err := s.load(s.point, smallest-frameSum, orders{Interval: fillInterval, Limit: n})
		if err != nil {
			return nil, err
		}
		err = l.fill(ctx, n)
		if err := errors.Join(err, l.close()); err != nil {
			return nil, err
		}
	}
	used, err := s.memory()
	return []float64{used / 1e6}, err
}

// fill waits until n connections are made. Who receives n packets of n
// connections has them all; what is lost comes again when the stream has gone
// around, with others.
func (l *load) fill(ctx context.Context, n uint64) error {
	for i := range uint64(fillings) {
		if err := l.generator.order(orders{Interval: fillInterval, Limit: (i + 1) * n}); err != nil {
			return err
		}
		before, err := l.sink.count()
		if err != nil {
			return err
		}
		if _, err := l.site.reach(ctx, (i+1)*n, l.generator.count); err != nil {
			return err
		}
		if err := l.site.wait(ctx, drain); err != nil {
			return err
		}
		after, err := l.sink.count()
		if err != nil {
			return err
		}
		if float64(after-before) > 0.99*float64(n) {
			return nil
		}
	}
	return fmt.Errorf("not all of %d connections were made", n)
}

// memory returns the bytes that the competitor uses: those of its processes, and
// what the kernel has taken since before it started.
func (s *site) memory() (float64, error) {
	now, err := compare.KernelMemory()
	if err != nil {
		return 0, err
	}
	sum := now - s.before
	for _, p := range s.work.processes {
		pids, err := compare.Family(p.PID())
		if err != nil {
			return 0, err
		}
		for _, pid := range pids {
			n, err := compare.ProcessMemory(pid)
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return max(sum, 0), nil
}
