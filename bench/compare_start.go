package main

import (
	"context"
	"os"
	"os/exec"
	"strings"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// startXLVS returns the start of a director in a mode of its data path.
func startXLVS(mode config.Mode) func(context.Context, *site, *director) error {
	return func(ctx context.Context, s *site, d *director) error {
		one := service{protocol: s.protocol, method: s.method, mode: mode, crowd: s.crowd}
		if !s.talk {
			one.workers = 1 // another would take its time from the generator
		}
		command, err := d.command(one)
		if err != nil {
			return err
		}
		return s.run(ctx, command)
	}
}

// startLoop returns the start of a forward loop.
func startLoop(name string) func(context.Context, *site, *director) error {
	return func(ctx context.Context, s *site, d *director) error {
		command, err := loop(name)(s.network, d)
		if err != nil {
			return err
		}
		return s.run(ctx, command)
	}
}

// run has a program of ours work in the director's host.
func (s *site) run(ctx context.Context, command []string) error {
	p, err := startProcess(ctx, s.director, command)
	if err != nil {
		return err
	}
	s.work.processes = append(s.work.processes, p)
	s.work.closers = append(s.work.closers, func() error { return stopProcess(p) })
	return nil
}

// forwards has the kernel of the director's host forward.
func (s *site) forwards() error { return s.director.Sysctl("net.ipv4.ip_forward", "1") }

// feed runs a program in the director's host with input, to its end.
func (s *site) feed(ctx context.Context, input, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	p, err := s.director.Start(cmd)
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
		return stopProcess(p) // it has ended: this says how
	case <-ctx.Done():
		p.Stop()
		return context.Cause(ctx)
	}
}

// protocolWord is what nft calls the duty's protocol.
func (o duty) protocolWord() string {
	if o.protocol == lvs.UDP {
		return "udp"
	}
	return "tcp"
}

// folder makes a folder for files of a competitor, which goes with it.
func (w *work) folder() (string, error) {
	dir, err := os.MkdirTemp("", "xlvs-bench-")
	if err != nil {
		return "", err
	}
	w.closers = append(w.closers, func() error { return os.RemoveAll(dir) })
	return dir, nil
}

// foreign has a program that is not ours work in the director's host. How it ends
// is no concern.
func (s *site) foreign(command []string) (*lab.Process, error) {
	p, err := s.director.Start(exec.Command(command[0], command[1:]...))
	if err != nil {
		return nil, err
	}
	s.work.processes = append(s.work.processes, p)
	s.work.closers = append(s.work.closers, func() error { p.Stop(); return nil })
	return p, nil
}
