package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// A usageError is a command line that means nothing: what is wrong with it, and
// where to look.
type usageError string

// Error returns e.
func (e usageError) Error() string { return string(e) }

// flagsError returns a usageError about the arguments of the command that flags
// are for.
func flagsError(flags *flag.FlagSet, format string, args ...any) error {
	name := flags.Name()
	return usageError(fmt.Sprintf("%s: %s: xlvs %s -h lists the flags", name, fmt.Sprintf(format, args...), name))
}

// parse parses the args of the command that flags are for; none may be left
// over. It answers a request for help on stdout.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard) // an error is reported once, by exitCode
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, "flags of xlvs %s:\n", flags.Name())
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return flagsError(flags, "%v", err)
	case flags.NArg() > 0:
		return flagsError(flags, "unexpected argument %q", flags.Arg(0))
	}
	return nil
}
