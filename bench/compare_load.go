package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A load is a stream from the generator to the sink, through the competitor of a
// site.
type load struct {
	site      *site
	sink      *sink
	generator *generator
	meter     *costMeter // nil while nobody asks for the cost
}

// load sends packets of so many connections, in frames of so many bytes without
// their checksum.
func (s *site) load(connections, size int, o orders) (*load, error) {
	l := &load{site: s}
	var err error
	if l.sink, err = openSink(s.sink, s.server.Index, s.arrives()); err != nil {
		return nil, err
	}
	if l.generator, err = startOrdered(s.generator, s.client.Index, s.packets(connections, size), o); err != nil {
		return nil, errors.Join(err, l.sink.close())
	}
	return l, nil
}

// close ends the load. Frames may still be on their way.
func (l *load) close() error { return errors.Join(l.generator.stop(), l.sink.close()) }

// packets returns the stream of a load.
func (s *site) packets(connections, size int) stream {
	return stream{
		src: s.client.HardwareAddr, dst: s.in.HardwareAddr,
		from:        netip.MustParseAddr(clients),
		to:          netip.AddrPortFrom(netip.MustParseAddr(vip), port),
		connections: connections, size: size, syn: s.protocol == lvs.TCP,
	}
}

// arrives returns what a packet of the stream is when it arrives.
func (s *site) arrives() arrival {
	switch s.method {
	case lvs.Tunnel:
		return arrival{proto: header.ProtoIPIP, dst: rip}
	case lvs.DirectRouting:
		return unchanged
	}
	return translated
}

// A passage is what passed in some time.
type passage struct {
	offered, arrived float64 // frames
	took             float64 // seconds
	cost             time.Duration
}

// rate returns millions of frames that arrived in a second.
func (p passage) rate() float64 { return p.arrived / p.took / 1e6 }

// watchCost is watch with the cost of what passes.
func (l *load) watchCost(ctx context.Context, window time.Duration) (p passage, err error) {
	if l.meter, err = l.site.meter(); err != nil {
		return passage{}, err
	}
	p, err = l.watch(ctx, window)
	err = errors.Join(err, l.meter.close())
	l.meter = nil
	return p, err
}

// watch counts what passes in window. Something must.
func (l *load) watch(ctx context.Context, window time.Duration) (passage, error) {
	before, after, err := observe(window, l.read, func(t time.Duration) error { return l.site.wait(ctx, t) })
	if errors.Is(err, errNothing) {
		err = fmt.Errorf("%w%s", err, l.site.work.said())
	}
	if err != nil {
		return passage{}, err
	}
	return passage{
		offered: float64(after.sent - before.sent), arrived: float64(after.arrived - before.arrived),
		took: after.at.Sub(before.at).Seconds(), cost: after.cpu - before.cpu,
	}, nil
}

// read reads all counters.
func (l *load) read() (r reading, err error) {
	r.at = time.Now()
	if r.sent, err = l.generator.count(); err != nil {
		return reading{}, err
	}
	if r.arrived, err = l.sink.count(); err != nil {
		return reading{}, err
	}
	if l.meter != nil {
		r.cpu, err = l.meter.read()
	}
	return r, err
}

// said returns what the processes have said, for an error.
func (w *work) said() string {
	var text string
	for _, p := range w.processes {
		text += fmt.Sprintf("; the process said:\n%s", p.Output())
	}
	return text
}

// reach waits until count is at least n, or has stood still for a moment.
func (s *site) reach(ctx context.Context, n uint64, count func() (uint64, error)) (reached uint64, err error) {
	const moment = 300 * time.Millisecond
	for last, still := uint64(0), time.Now(); ; {
		if reached, err = count(); err != nil {
			return 0, err
		}
		if reached != last {
			last, still = reached, time.Now()
		}
		if reached >= n || time.Since(still) > moment {
			return reached, nil
		}
		if err := s.wait(ctx, lookAt); err != nil {
			return 0, err
		}
	}
}
