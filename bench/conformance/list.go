package conformance

import (
	"context"
	"slices"
	"time"
)

// estimation is how long counters take to appear in a list: the kernel copies
// them every two seconds.
const estimation = 2300 * time.Millisecond

// few connections the kernel hands to ipvsadm in one piece. Of more it may leave one
// out, when connections of another namespace come or go between two pieces.
// The more pieces, the more often it is asked.
const (
	few  = 10
	many = 10
)

// list returns what the director lists. Connections come first, since they run
// out.
func (p *play) list(ctx context.Context, counters bool) (*Lists, error) {
	connections, err := p.director.ipvsadm(ctx, "", p.connections...)
	if err != nil {
		return nil, err
	}
	l := &Lists{At: time.Since(p.started), Connections: withoutFence(connections)}
	for n := len(l.Connections); n > few; n /= many {
		again, err := p.director.ipvsadm(ctx, "", p.connections...)
		if err != nil {
			return nil, err
		}
		l.Connections = append(withoutFence(again), l.Connections...)
	}
	slices.Sort(l.Connections)
	services, err := p.director.ipvsadm(ctx, "", "-Ln")
	if err != nil {
		return nil, err
	}
	l.Services = withoutFence(services)
	if !counters {
		return l, nil
	}
	if err := sleep(ctx, time.Until(p.counted.Add(estimation))); err != nil {
		return nil, err
	}
	stats, err := p.director.ipvsadm(ctx, "", "-Ln", "--stats", "--exact")
	if err != nil {
		return nil, err
	}
	l.Stats = withoutFence(stats)
	return l, nil
}
