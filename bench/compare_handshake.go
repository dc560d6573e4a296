package main

import (
	"context"
	"errors"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

const handshakeNote = "Each a new client's; both ends are XDP programs. The highest rate at which 99 in a hundred are completed."

const (
	handshakeLoss   = 0.01
	handshakeMost   = 1.0 // million a second: beyond what the generator makes beside the answers
	handshakeSearch = 100 * time.Millisecond
	handshakeCosted = 50_000 // connections at most, that no table overflows
)

// shaking opens a load of handshakes. The sink counts those that are complete.
func (s *site) shaking() (l *load, closeAll func() error, err error) {
	end, err := attachSink(s.generator, s.client.Index, func(counts *ebpf.Map) asm.Instructions {
		return shake(counts, clientTurn(s.client.Index), flagsSYN) // nobody sends it one
	})
	if err != nil {
		return nil, nil, err
	}
	server, err := attachSink(s.network.sink, s.server.Index, func(counts *ebpf.Map) asm.Instructions {
		return shake(counts, serverTurn(s.server.Index), flagsACK)
	})
	if err != nil {
		return nil, nil, errors.Join(err, end.close())
	}
	stream := s.packets(maxClients*maxConnections, smallest-frameSum)
	g, err := startOrdered(s.generator, s.client.Index, stream, orders{Enough: 1})
	if err != nil {
		return nil, nil, errors.Join(err, server.close(), end.close())
	}
	l = &load{site: s, sink: server, generator: g}
	return l, func() error { return errors.Join(l.close(), end.close()) }, nil
}

// measureHandshakeRate returns how many handshakes a second are completed.
func measureHandshakeRate(ctx context.Context, s *site) (_ []float64, err error) {
	l, closeAll, err := s.shaking()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	best, err := l.handshakes(ctx)
	return []float64{best * 1e3}, err
}

// measureHandshakes returns that, and the processor time of one.
func measureHandshakes(ctx context.Context, s *site) (_ []float64, err error) {
	l, closeAll, err := s.shaking()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	best, err := l.handshakes(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.generator.order(orders{Interval: interval64(best / 2)}); err != nil {
		return nil, err
	}
	most := time.Duration(handshakeCosted / (best / 2) * float64(time.Microsecond))
	p, err := l.watchCost(ctx, min(s.window, most))
	if err != nil {
		return nil, err
	}
	return []float64{best * 1e3, float64(p.cost) / p.arrived / 1e3}, nil
}

// handshakes searches the highest rate, in millions a second.
func (l *load) handshakes(ctx context.Context) (float64, error) {
	best, err := l.search(ctx, handshakeMost, min(l.site.window/4, handshakeSearch), handshakeLoss)
	if err == nil && best == 0 {
		err = errNothing
	}
	return best, err
}
