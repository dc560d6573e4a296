package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"xlvs/bench/lab"
)

// requests is how many the client sends to each service.
const requests = 6

// settle is the time for the last connection's FIN to pass the director, so that
// the table shows it as inactive like the others.
const settle = 200 * time.Millisecond

// A stage is one method's network with the servers and the director in it. It
// is built and played by perform; end must follow, failed or not.
type stage struct {
	method   method
	dir      string // the programs' files
	network  *lab.Topology
	director *director      // nil until its process runs
	latest   *program       // started last, and so the one to ask what went wrong
	closers  []func() error // what end does, last first
}

// perform builds the stage, sends the requests and prints what happens.
func (s *stage) perform(ctx context.Context, d *demo) error {
	if err := s.build(); err != nil {
		return err
	}
	if err := s.openTunnels(ctx, d.realserver); err != nil {
		return err
	}
	fmt.Fprint(d.out, s.method.introduction(d.mode))
	if err := s.direct(ctx, d); err != nil {
		return err
	}
	if err := s.ask(ctx, d.out); err != nil {
		return err
	}
	if err := pause(ctx, settle); err != nil {
		return err
	}
	table, err := s.director.table(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(d.out, "\n", indent(table), "\n")
	return nil
}

// build makes the network and a place for files, and starts the web servers.
func (s *stage) build() error {
	l, err := lab.New()
	if err != nil {
		return err
	}
	s.closers = append(s.closers, l.Close)
	if s.dir, err = os.MkdirTemp("", "xlvs-demo-"); err != nil {
		return fmt.Errorf("make a place for files: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(s.dir) })
	if s.network, err = s.method.raise(l, lab.WireOptions{}); err != nil {
		return err
	}
	web := new(servers)
	s.closers = append(s.closers, web.close)
	for i, h := range s.network.Real {
		if err := web.serve(h, realName(i)); err != nil {
			return err
		}
	}
	return nil
}

// direct starts the director and waits until it runs.
func (s *stage) direct(ctx context.Context, d *demo) (err error) {
	s.director, err = startDirector(s.network.Director, d.director, s.dir, s.method.config(d.mode))
	if err != nil {
		return err
	}
	s.latest = s.director.program
	s.closers = append(s.closers, s.director.stop)
	return s.director.awaitWords(ctx, running)
}

// ask sends the requests to each service, and prints who answered.
func (s *stage) ask(ctx context.Context, out io.Writer) error {
	for i, service := range s.method.services() {
		if i%len(s.method.families) == 0 {
			fmt.Fprint(out, answersTitle(service.client))
		}
		answers, err := s.request(ctx, service)
		if err != nil {
			return err
		}
		fmt.Fprint(out, service.answers(answers))
		if err := checkTurns(answers, len(service.rips)); err != nil {
			return fmt.Errorf("%s: %w", service.url(), err)
		}
	}
	return nil
}

// request sends the requests to one service, and returns who answered.
func (s *stage) request(ctx context.Context, service service) (answers []int, err error) {
	c := newClient(s.network.Client.Dial, service)
	for range requests {
		n, err := c.get(ctx)
		if err != nil {
			return nil, err
		}
		answers = append(answers, n)
	}
	return answers, nil
}

// end takes the stage down, last thing first. If that or what came before it
// failed, with err, the error has the side of the program that was started last
// too; but not for an interrupt, of which that is innocent.
func (s *stage) end(err error) error {
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	s.closers = nil
	if err == nil || s.latest == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.Join(err, s.latest.lastWords())
}

// pause waits for t, or for the end of ctx.
func pause(ctx context.Context, t time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(t):
		return nil
	}
}
