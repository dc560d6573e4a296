package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"xlvs/bench/compare"
	"xlvs/bench/lab"
	"xlvs/lvs"
)

// Where the generator's clients are, a whole prefix behind the client's host.
const (
	clients     = "203.0.113.0"
	clientsBits = "/24"
)

// farMTU is that of the wire to the real server: a full packet of a client fits
// with an outer header around it.
const farMTU = 1600

// A site is a network of its own with a competitor at work in it, for one square.
// Offloads that an XDP program turns off, translations, and entries of one
// competitor are not there for the next.
type site struct {
	*network
	duty
	window time.Duration
	before float64 // bytes that the kernel took before the competitor started
	work   *work
}

// A duty is what a competitor is to do at a site.
type duty struct {
	protocol lvs.Protocol
	method   lvs.Method
	talk     bool // between programs, through TCP, with offloads as the kernel sets them
	point    int  // on the measurement's axis
	crowd
}

// A work is a competitor at work: what runs, and what ends it.
type work struct {
	processes []*lab.Process
	closers   []func() error
}

// stop ends it, last first.
func (w *work) stop() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	return errors.Join(errs...)
}

// open builds the site and has c begin. What is open is closed by close, also
// after an error.
func (s *site) open(ctx context.Context, c *contender, d *director) (err error) {
	if s.network, err = newNetworkFor(lab.WireOptions{MTU: farMTU}); err != nil {
		return err
	}
	prepare := s.wake
	if s.talk {
		prepare = s.furnish
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	if s.before, err = compare.KernelMemory(); err != nil {
		return err
	}
	s.work = new(work)
	if err := c.start(ctx, s, d); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	return nil
}

func (s *site) close() error {
	var errs []error
	if s.work != nil {
		errs = append(errs, s.work.stop())
	}
	if s.network != nil {
		errs = append(errs, s.network.close())
	}
	return errors.Join(errs...)
}

// wake has both devices of the director take the frames of XDP programs: a veth
// does that while it has such a program of its own or, here so that it is the same for
// everybody, while it has GRO. And it tells the director where the clients are.
func (s *site) wake(ctx context.Context) error {
	for _, dev := range []string{inDev, outDev} {
		if _, err := s.director.Run(ctx, "ethtool", "-K", dev, "gro", "on"); err != nil {
			return err
		}
	}
	return s.director.Route(clients+clientsBits, client)
}

// Addresses of the wire that answers of direct routing take.
const (
	shortDev    = "eth1"
	shortClient = "203.0.113.1"
	shortServer = "203.0.113.2"
)

// furnish makes client and real server of the outer hosts. For direct routing the
// real server has the VIP and a wire of its own to the client, since a director's
// host takes nothing that comes from its own address.
func (s *site) furnish(context.Context) error {
	if err := s.inhabit(); err != nil {
		return err
	}
	// Many short connections in a row want many ports. Those of the director's host
	// below are for fullnat.
	if err := s.generator.Sysctl("net.ipv4.ip_local_port_range", "1024 65535"); err != nil {
		return err
	}
	if err := s.director.Sysctl("net.ipv4.ip_local_port_range", "32768 65535"); err != nil {
		return err
	}
	if s.method != lvs.DirectRouting {
		return nil
	}
	if err := s.lab.Wire(s.generator, shortDev, s.sink, shortDev, lab.WireOptions{}); err != nil {
		return err
	}
	if err := s.generator.AddAddr(shortDev, shortClient+bits); err != nil {
		return err
	}
	if err := s.sink.AddAddr(shortDev, shortServer+bits); err != nil {
		return err
	}
	if err := s.sink.AddAddr("lo", vip+"/32"); err != nil {
		return err
	}
	return s.sink.Route(netip.PrefixFrom(netip.MustParseAddr(client), 24).Masked().String(), shortClient)
}

// wait waits for t, unless a process of the competitor ends.
func (s *site) wait(ctx context.Context, t time.Duration) error {
	if len(s.work.processes) > 0 {
		p := s.work.processes[0]
		if err := pause(ctx, p, t); err != nil {
			return fmt.Errorf("%w; the process said:\n%s", err, p.Output())
		}
		return nil
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(t):
		return nil
	}
}
