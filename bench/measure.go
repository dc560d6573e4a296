package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"xlvs/bench/lab"
)

// warmUp is how long a path has traffic before it is measured: caches are warm
// and all connections made.
const warmUp = 200 * time.Millisecond

var errNothing = errors.New("no frame of the stream has arrived")

// A sample is one path in one round.
type sample struct {
	offered, arrived float64 // frames per second
	cpu              float64 // of the process, in cores; softirq work is not in it
}

// A measurement is a path at work. Measuring closes what it opened.
type measurement struct {
	sink      *sink
	process   *lab.Process
	generator *generator
	closers   []func() error
}

// measure sends s through p for window and counts.
func (n *network) measure(ctx context.Context, p path, command []string, s stream, window time.Duration) (sample, error) {
	m := new(measurement)
	got, err := m.run(ctx, n, p, command, s, window)
	for i := len(m.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, m.closers[i]())
	}
	if err != nil {
		return sample{}, fmt.Errorf("path %s: %w", p.name, err)
	}
	return got, nil
}

func (m *measurement) run(ctx context.Context, n *network, p path, command []string, s stream, window time.Duration) (sample, error) {
	if err := m.open(ctx, n, p, command, s); err != nil {
		return sample{}, err
	}
	if err := pause(ctx, m.process, warmUp); err != nil {
		return sample{}, err
	}
	before, after, err := observe(window, m.read, func(t time.Duration) error { return pause(ctx, m.process, t) })
	if errors.Is(err, errNothing) {
		err = fmt.Errorf("%w; the process said:\n%s", err, m.process.Output())
	}
	if err != nil {
		return sample{}, err
	}
	return after.since(before), nil
}

// observe reads, waits for window, and reads again. A machine with much else to do
// may let no frame through for a while: the window is lengthened then, as long as
// patience lasts.
func observe(window time.Duration, read func() (reading, error), wait func(time.Duration) error) (before, after reading, err error) {
	if before, err = read(); err != nil {
		return before, after, err
	}
	for waited := time.Duration(0); waited < window+patience; waited += window {
		if err := wait(window); err != nil {
			return before, after, err
		}
		if after, err = read(); err != nil || after.arrived > before.arrived {
			return before, after, err
		}
	}
	return before, after, errNothing
}

// open starts the path from its end: nothing sends before everybody takes.
func (m *measurement) open(ctx context.Context, n *network, p path, command []string, s stream) error {
	var err error
	if m.sink, err = openSink(n.sink, n.server.Index, p.arrives); err != nil {
		return err
	}
	m.closers = append(m.closers, m.sink.close)
	if p.raw {
		pass, err := openPass(n.director, n.in.Index)
		if err != nil {
			return err
		}
		m.closers = append(m.closers, pass.Close)
	}
	if m.process, err = startProcess(ctx, n.director, command); err != nil {
		return err
	}
	m.closers = append(m.closers, func() error { return stopProcess(m.process) })
	if m.generator, err = startGenerator(n.generator, n.client.Index, s); err != nil {
		return err
	}
	m.closers = append(m.closers, m.generator.stop)
	return nil
}

// A reading is all counters at one time.
type reading struct {
	at            time.Time
	sent, arrived uint64
	cpu           time.Duration
}

func (m *measurement) read() (r reading, err error) {
	r.at = time.Now()
	if r.sent, err = m.generator.count(); err != nil {
		return reading{}, err
	}
	if r.arrived, err = m.sink.count(); err != nil {
		return reading{}, err
	}
	r.cpu, err = cpuTime(m.process.PID())
	return r, err
}

// since returns what happened between o and r.
func (r reading) since(o reading) sample {
	t := r.at.Sub(o.at).Seconds()
	return sample{
		offered: float64(r.sent-o.sent) / t,
		arrived: float64(r.arrived-o.arrived) / t,
		cpu:     (r.cpu - o.cpu).Seconds() / t,
	}
}

// stream returns the stream that the generator sends into the network.
func (n *network) stream(connections, size int) stream {
	return stream{
		src: n.client.HardwareAddr, dst: n.in.HardwareAddr,
		from:        netip.MustParseAddr(client),
		to:          netip.AddrPortFrom(netip.MustParseAddr(vip), port),
		connections: connections,
		size:        size,
	}
}
