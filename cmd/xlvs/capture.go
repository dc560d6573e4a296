package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"xlvs/control"
)

// captureCommand writes frames as they pass through the running director.
func captureCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("capture", flag.ContinueOnError)
	out := flags.String("o", "", "the pcapng `FILE` to write, or - for standard output, for wireshark -k -i -")
	where := flags.String("where", "", "`POINTS`, separated by commas: ingress, egress, dropped; all of them if empty")
	service := flags.String("service", "", "only frames of this `SERVICE`, such as tcp-192.0.2.1:80 or fwm-5")
	var o control.CaptureOptions
	flags.IntVar(&o.Snap, "snap", 0, "keep so many `BYTES` of a frame; 0: all")
	flags.IntVar(&o.Frames, "frames", 0, "end after so many frames; 0: never")
	flags.Int64Var(&o.Bytes, "bytes", 0, "end when the file has about so many `BYTES`; 0: never")
	flags.DurationVar(&o.Time, "for", 0, "end after so long, in whole seconds; 0: at an interrupt")
	expression, err := parseWithExpression(flags, args, stdout)
	if err != nil {
		return err
	}
	if *out == "" {
		return flagsError(flags, "-o FILE is missing")
	}
	if o.Where, err = control.ParsePoints(*where); err != nil {
		return flagsError(flags, "%v", err)
	}
	if *service != "" {
		key, err := control.ParseServiceID(*service)
		if err != nil {
			return flagsError(flags, "%v", err)
		}
		o.Service = &key
	}
	if o.Filter, err = compile(ctx, expression); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	if err := captureTo(ctx, *out, stdout, o); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// parseWithExpression is parse for a command whose remaining arguments are a
// tcpdump expression.
func parseWithExpression(flags *flag.FlagSet, args []string, stdout io.Writer) (expression string, err error) {
	flags.SetOutput(io.Discard)
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, "xlvs %s [flags] [EXPRESSION], as tcpdump has it; flags:\n", flags.Name())
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return "", err
	case err != nil:
		return "", flagsError(flags, "%v", err)
	}
	return strings.Join(flags.Args(), " "), nil
}

// compile has tcpdump compile its own language.
func compile(ctx context.Context, expression string) (program string, err error) {
	if expression == "" {
		return "", nil
	}
	out, err := exec.CommandContext(ctx, "tcpdump", "-ddd", "-y", "EN10MB", expression).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", usageError(strings.TrimSpace(string(failed.Stderr)))
	}
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("expressions are compiled by tcpdump: %w; install it, or filter by -service", err)
	}
	return string(out), err
}

// captureTo writes what o asks for to the file at path, or to stdout, until ctx
// ends.
func captureTo(ctx context.Context, path string, stdout io.Writer, o control.CaptureOptions) (err error) {
	c, err := connect()
	if err != nil {
		return err
	}
	frames, err := c.Capture(ctx, o)
	if err != nil {
		return err
	}
	defer frames.Close()
	w := stdout
	if path != "-" {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		w = f
	}
	if _, err = io.Copy(w, frames); ctx.Err() != nil {
		return nil // which is how it ends
	}
	return err
}
