// Package demo shows a director at work on one machine, with nothing installed
// but xlvs itself.
//
// For each forwarding method it builds a small network out of namespaces, puts a
// web server on each real server and a director, a process of its own, between
// them and a client, and sends real requests. What comes in tunnels is taken out
// by xlvs realserver, a process for each. What it prints is what it saw, and
// it is content only if every answer was the one that the model promises.
// Whatever it made is gone when Command returns; nothing of the host's own
// network is touched.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"xlvs/config"
)

// Command is `xlvs demo`. It returns nil when every request of every method came
// back right. For -h it prints the flags on stdout and returns flag.ErrHelp; for
// arguments that it does not understand it returns an ErrUsage. When ctx ends,
// Command removes what it made and returns the cause, or, if it was only kept
// running by --keep, nil.
func Command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	d := &demo{out: stdout, log: stderr}
	if err := d.parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: find own program: %w", err)
	}
	d.director, d.realserver = []string{self, "run", "-c"}, []string{self, "realserver"}
	// These two end a program whose terminal or reader goes away. They may end
	// this one too, but not before everything is removed.
	ctx, stop := signal.NotifyContext(ctx, unix.SIGHUP, unix.SIGPIPE)
	defer stop()
	if err := explain(d.run(ctx)); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// explain says what to do about a want of privilege.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: making network namespaces takes root with CAP_SYS_ADMIN: try sudo xlvs demo", err)
	}
	return err
}

// A demo is what the command line asks for.
type demo struct {
	methods    []method
	mode       config.Mode
	keep       bool
	director   []string // the command; the name of a configuration file follows
	realserver []string // the command; flags follow
	out, log   io.Writer
}

// run shows each method. Those that are kept end together, with ctx.
func (d *demo) run(ctx context.Context) (err error) {
	var kept []*stage
	defer func() {
		for _, s := range kept {
			err = errors.Join(err, s.end(nil))
		}
	}()
	for _, m := range d.methods {
		s := &stage{method: m}
		err := s.perform(ctx, d)
		if err == nil && d.keep {
			kept = append(kept, s)
			continue
		}
		if err := s.end(err); err != nil {
			return fmt.Errorf("method %s: %w", m.name, err)
		}
	}
	fmt.Fprintln(d.out, "Every request was answered as it should be.")
	if d.keep {
		d.wait(ctx, kept)
	}
	return nil
}

// wait leaves the stages to the user until ctx ends.
func (d *demo) wait(ctx context.Context, stages []*stage) {
	for _, s := range stages {
		fmt.Fprint(d.out, "\n", s.hints())
	}
	fmt.Fprintln(d.out, "\nCtrl-C ends all this and leaves nothing behind.")
	<-ctx.Done()
	fmt.Fprintln(d.log, "removing the namespaces")
}
