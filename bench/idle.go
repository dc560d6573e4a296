package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// settle is how long a director may work on its start before it counts as idle,
// if that is not longer than it is measured.
const settle = time.Second

// idleCommand measures the processor time of a director with two ports and a
// service, but without traffic, in each mode, and reports on stdout.
func idleCommand(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("idle", flag.ContinueOnError)
	length := flags.Float64("seconds", 10, "how long to measure")
	binary := flags.String("xlvs", "", "the xlvs `BINARY`; without one: built from this module")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	window, err := seconds(*length)
	if err != nil {
		return err
	}
	lines, err := idleModes(ctx, *binary, window)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n%s\n%s\n", lines, describeMachine(), commandLine("idle", args))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// idleModes returns a line about each mode.
func idleModes(ctx context.Context, binary string, window time.Duration) (lines string, err error) {
	d, err := newDirector(ctx, binary)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, mode := range []config.Mode{config.XDP, config.Packet} {
		used, err := measureIdle(ctx, d, mode, window)
		if err != nil {
			return "", fmt.Errorf("mode %s: %w", mode, err)
		}
		lines += fmt.Sprintf("idle director, mode %-6s  %.2f %% of a core (%d ms in %v)\n",
			mode, 100*used.Seconds()/window.Seconds(), used.Milliseconds(), window)
	}
	return lines, nil
}

// measureIdle returns the processor time that an idle director uses in window.
func measureIdle(ctx context.Context, d *director, mode config.Mode, window time.Duration) (used time.Duration, err error) {
	n, err := newNetwork()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	command, err := d.command(service{protocol: lvs.UDP, method: lvs.NAT, mode: mode})
	if err != nil {
		return 0, err
	}
	p, err := startProcess(ctx, n.director, command)
	if err != nil {
		return 0, err
	}
	used, err = watch(ctx, p, window)
	return used, errors.Join(err, stopProcess(p))
}

// watch returns the processor time that p uses in window, once it has settled.
func watch(ctx context.Context, p *lab.Process, window time.Duration) (time.Duration, error) {
	if err := pause(ctx, p, min(settle, window)); err != nil {
		return 0, err
	}
	before, err := cpuTime(p.PID())
	if err != nil {
		return 0, err
	}
	if err := pause(ctx, p, window); err != nil {
		return 0, err
	}
	after, err := cpuTime(p.PID())
	return after - before, err
}
