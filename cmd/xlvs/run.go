package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// dropInterval is how often drops are looked at: a line for each kind of them at
// most this often, however many packets are dropped.
const dropInterval = 10 * time.Second

// runCommand is a director in the foreground, until ctx ends.
func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	file := flags.String("c", "", "the configuration `FILE`; without one: all interfaces, no services")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	// From here on, since a SIGHUP that nobody expects would end the process.
	// SIGPIPE is among them because a director outlives the reader of its log.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGHUP, unix.SIGUSR1, unix.SIGPIPE)
	defer signal.Stop(signals)

	p := &program{file: *file, stdout: stdout, log: slog.New(slog.NewTextHandler(stderr, nil))}
	if err := p.open(ctx); err != nil {
		return err
	}
	return errors.Join(p.run(ctx, signals), p.hangUp(), p.director.Close())
}

// A program is a director and what a process adds to it: a file, signals, a socket
// and a log. Only the goroutine that calls run touches it, but for load.
type program struct {
	file     string         // empty: none
	config   *config.Config // that the director was started with
	director *dataplane.Director
	state    *desired.State
	server   *control.Server
	serving  sync.WaitGroup
	loading  sync.Mutex  // of files, one after the other
	loaded   fs.FileInfo // the file, just before it was read first
	drops    dropLog
	stdout   io.Writer
	log      *slog.Logger
}

// open opens the director and logs what it drives.
func (p *program) open(ctx context.Context) error {
	p.config = config.Default()
	if p.file != "" {
		p.loaded, _ = os.Stat(p.file)
		c, err := config.Load(p.file)
		if err != nil {
			return err
		}
		p.config = c
	}
	d, err := openDirector(ctx, p.config, func(err error) { p.log.Warn(err.Error()) })
	if err != nil {
		return err
	}
	p.director, p.state = d, desired.New(d, p.config)
	p.drops = dropLog{log: p.log, counts: d}
	if err := errors.Join(p.logStart(), p.listen()); err != nil {
		return errors.Join(err, p.hangUp(), d.Close())
	}
	return nil
}

func (p *program) logStart() error {
	ports, err := p.director.Ports()
	if err != nil {
		return err
	}
	for _, port := range ports {
		p.log.Info("driving interface", portAttrs(&port)...)
	}
	p.logWarnings(p.config)
	p.log.Info("configuration", "file", p.file, "services", len(p.config.Services))
	return nil
}

// logWarnings says what in c has no effect.
func (p *program) logWarnings(c *config.Config) {
	for _, w := range c.Warnings() {
		p.log.Warn(w)
	}
}

// portAttrs says how a port is driven, and why not better.
func portAttrs(p *dataplane.PortStatus) []any {
	attrs := []any{"name", p.Name, "queues", p.Queues, "mode", p.Mode}
	switch {
	case p.Mode == config.Packet:
	case p.ZeroCopy:
		attrs = append(attrs, "memory", "zero-copy")
	default:
		attrs = append(attrs, "memory", "copy")
	}
	if p.Why != "" {
		attrs = append(attrs, "why", p.Why)
	}
	return attrs
}

// run moves packets and serves signals until ctx ends or the director fails.
func (p *program) run(ctx context.Context, signals <-chan os.Signal) error {
	ended := make(chan error)
	go func() { ended <- p.director.Run(ctx) }()
	p.log.Info("director is running")
	tick := time.NewTicker(dropInterval)
	defer tick.Stop()
	look, stop := p.watch()
	defer stop()
	for {
		select {
		case err := <-ended:
			p.drops.report()
			p.log.Info("director has ended")
			return err
		case <-tick.C:
			p.drops.report()
		case <-look.C:
			if look.changed() {
				p.follow()
			}
		case sig := <-signals:
			p.serve(sig)
		}
	}
}

func (p *program) serve(sig os.Signal) {
	switch sig {
	case unix.SIGHUP:
		p.reload()
	case unix.SIGUSR1:
		if err := printTables(p.stdout, p.director); err != nil {
			p.log.Error(err.Error())
		}
	}
}
