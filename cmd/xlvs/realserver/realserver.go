// Package realserver makes a host the real server of services that are forwarded
// by direct routing or by tunneling.
//
// Such a host holds the virtual addresses but stays silent about them, and takes
// tunnelled packets out of what is around them. Each setting goes into a state
// file, with what was there before, ahead of being made, so that whatever becomes
// of the process a later one can put everything back. Where the kernel
// has no devices for the tunnels, sockets receive the outer packets and a TUN
// device hands the inner ones to the host, but only those for the virtual
// addresses. Nothing here knows the director, or answers a client.
package realserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// Command is `xlvs realserver`. It makes the host a real server until ctx ends
// or its terminal goes away, then it undoes that and returns nil; with --keep it
// returns at once. For -h it prints the flags on stdout and returns
// flag.ErrHelp; for arguments that it does not understand it returns an ErrUsage.
func Command(ctx context.Context, args []string, stdout, _ io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, unix.SIGHUP)
	defer stop()
	// A real server outlives the reader of what it prints.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, unix.SIGPIPE)
	defer signal.Stop(pipe)
	if err := explain(o.run(ctx, stdout)); err != nil {
		return fmt.Errorf("realserver: %w", err)
	}
	return nil
}

// explain says what to do about a want of privilege.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: this takes root with CAP_NET_ADMIN and CAP_NET_RAW: try sudo xlvs realserver", err)
	}
	return err
}

// run does what the command line asks for.
func (o *options) run(ctx context.Context, out io.Writer) error {
	switch {
	case o.print:
		o.printCommands(out)
		return nil
	case o.undo:
		return undo(ctx, o.state, out)
	}
	j, err := openJournal(o.state)
	if err != nil {
		return err
	}
	j.out = out
	err = o.serve(ctx, j)
	if !o.keep || err != nil {
		err = errors.Join(err, j.undo())
	}
	return errors.Join(err, j.close())
}

// undo undoes what is in the state file. A process that is at it is told to end,
// which undoes it, too.
func undo(ctx context.Context, path string, out io.Writer) error {
	j, err := takeJournal(ctx, path)
	if err != nil {
		return err
	}
	j.out = out
	if len(j.records) == 0 {
		fmt.Fprintln(out, "nothing is left to undo")
	}
	return errors.Join(j.undo(), j.close())
}

// serve makes the host a real server, and waits for the end of ctx unless it is
// to be kept so. The tunnels end before serve returns.
func (o *options) serve(ctx context.Context, j *journal) error {
	if err := o.checkHost(j.out); err != nil {
		return err
	}
	if err := j.keepAll(o.silence(filtersStrictly(j))); err != nil {
		return err
	}
	u, err := o.openTunnels(j)
	if err != nil {
		return err
	}
	defer u.close()
	if err := j.keepAll(o.addresses()); err != nil {
		return err
	}
	if err := j.undoOthers(); err != nil {
		return err
	}
	if o.keep {
		fmt.Fprintln(j.out, "real server is ready; xlvs realserver --undo takes all this back")
		return nil
	}
	fmt.Fprintln(j.out, "real server is ready; its end takes all this back")
	select {
	case <-ctx.Done():
	case err = <-u.failed:
	}
	u.close()
	u.report(j.out)
	return err
}
