package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"time"
)

// A vethRun is what the command line asks for.
type vethRun struct {
	window              time.Duration
	rounds, size, conns int
	paths               []path
	binary              string
	json                bool
}

// vethCommand measures the packets per second of each path between two veth
// pairs, and reports on stdout.
func vethCommand(ctx context.Context, args []string, stdout io.Writer) error {
	v, err := parseVeth(args, stdout)
	if err != nil {
		return err
	}
	r, err := v.run(ctx)
	if err != nil {
		return err
	}
	r.Machine, r.Command = describeMachine(), commandLine("veth", args)
	if v.json {
		return writeJSON(stdout, r)
	}
	return r.write(stdout)
}

func parseVeth(args []string, stdout io.Writer) (*vethRun, error) {
	v := new(vethRun)
	flags := flag.NewFlagSet("veth", flag.ContinueOnError)
	window := flags.Float64("seconds", 3, "how long a path is measured in each round")
	list := flags.String("paths", pathNames(paths()), "which `PATHS`, in which order")
	flags.IntVar(&v.rounds, "rounds", 5, "how often each path is measured")
	flags.IntVar(&v.size, "size", minSize, "`bytes` of a frame, without its checksum")
	flags.IntVar(&v.conns, "connections", 1000, "how many `ports` the client sends from in turn")
	flags.StringVar(&v.binary, "xlvs", "", "the xlvs `BINARY`; without one: built from this module")
	flags.BoolVar(&v.json, "json", false, "report in JSON, with every round")
	if err := parse(flags, args, stdout); err != nil {
		return nil, err
	}
	var badWindow, badPaths error
	v.window, badWindow = seconds(*window)
	v.paths, badPaths = choosePaths(*list)
	return v, errors.Join(badWindow, badPaths,
		inRange("rounds", v.rounds, 1, 1000),
		inRange("size", v.size, minSize, maxSize),
		inRange("connections", v.conns, 1, maxConnections))
}

// run measures the paths round by round, in turn.
func (v *vethRun) run(ctx context.Context) (_ *report, err error) {
	d, err := newDirector(ctx, v.binary)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	n, err := newNetwork()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	samples := make([][]sample, len(v.paths))
	for range v.rounds {
		if err := v.round(ctx, n, d, samples); err != nil {
			return nil, err
		}
	}
	return newReport(v.paths, samples), nil
}

// round measures each path once and adds what it saw to samples, by path.
func (v *vethRun) round(ctx context.Context, n *network, d *director, samples [][]sample) error {
	for i, p := range v.paths {
		command, err := p.command(n, d)
		if err != nil {
			return err
		}
		s, err := n.measure(ctx, p, command, n.stream(v.conns, v.size), v.window)
		if err != nil {
			return err
		}
		samples[i] = append(samples[i], s)
	}
	return nil
}
