package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// A talk is a conversation between a client and the real server, and what of it
// is measured.
type talk struct {
	command string
	columns []string      // what measure returns
	unit    time.Duration // a window is a multiple of it
	measure func(ctx context.Context, n *network, window time.Duration) ([]float64, error)
}

// A talkRun is what the command line asks for.
type talkRun struct {
	window time.Duration
	rounds int
	binary string
	json   bool
}

// run measures t by every way, and reports on stdout.
func (t talk) run(ctx context.Context, args []string, stdout io.Writer) error {
	r, err := t.parse(args, stdout)
	if err != nil {
		return err
	}
	samples, err := t.rounds(ctx, r)
	if err != nil {
		return err
	}
	c := newComparison(t.columns, ways(), samples)
	c.Machine, c.Command = describeMachine(), commandLine(t.command, args)
	if r.json {
		return writeJSON(stdout, c)
	}
	return c.write(stdout)
}

func (t talk) parse(args []string, stdout io.Writer) (talkRun, error) {
	var r talkRun
	flags := flag.NewFlagSet(t.command, flag.ContinueOnError)
	window := flags.Float64("seconds", 3, "how long a way is measured in each round")
	flags.IntVar(&r.rounds, "rounds", 5, "how often each way is measured")
	flags.StringVar(&r.binary, "xlvs", "", "the xlvs `BINARY`; without one: built from this module")
	flags.BoolVar(&r.json, "json", false, "report in JSON, with every round")
	if err := parse(flags, args, stdout); err != nil {
		return r, err
	}
	var badWindow error
	r.window, badWindow = seconds(*window)
	if badWindow == nil && r.window%t.unit != 0 {
		badWindow = usageError(fmt.Sprintf("-seconds %v is not a multiple of %v", *window, t.unit))
	}
	return r, errors.Join(badWindow, inRange("rounds", r.rounds, 1, 1000))
}

// rounds measures the ways round by round, in turn, and returns what it saw by
// way and then by round.
func (t talk) rounds(ctx context.Context, r talkRun) (samples [][][]float64, err error) {
	d, err := newDirector(ctx, r.binary)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	list := ways()
	samples = make([][][]float64, len(list))
	for range r.rounds {
		for i, w := range list {
			got, err := t.over(ctx, w, d, r.window)
			if err != nil {
				return nil, fmt.Errorf("by way of %s: %w", w.name, err)
			}
			samples[i] = append(samples[i], got)
		}
	}
	return samples, nil
}

// over measures t by way of w, in a network of its own: offloads that an XDP
// program turns off, translations and routes of one way are not there for the
// next.
func (t talk) over(ctx context.Context, w way, d *director, window time.Duration) (got []float64, err error) {
	n, err := newNetwork()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.inhabit(); err != nil {
		return nil, err
	}
	stop, err := w.open(ctx, n, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return t.measure(ctx, n, window)
}
