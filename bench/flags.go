package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"time"
)

// A usageError is a command line that means nothing.
type usageError string

// Error returns e.
func (e usageError) Error() string { return string(e) }

// parse parses the args of a command; none may be left over. It answers a
// request for help on stdout.
func parse(flags *flag.FlagSet, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard) // an error is reported once, by exitCode
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, "flags of bench %s:\n", flags.Name())
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return usageError(err.Error())
	case flags.NArg() > 0:
		return usageError(fmt.Sprintf("unexpected argument %q", flags.Arg(0)))
	}
	return nil
}

// maxSeconds bounds a measurement; more is a mistake in the unit.
const maxSeconds = 3600

// seconds returns what the flag -seconds says as a duration.
func seconds(s float64) (time.Duration, error) {
	if !(s > 0 && s <= maxSeconds) { // this way round, NaN is refused too
		return 0, usageError(fmt.Sprintf("-seconds %v is not in (0, %d]", s, maxSeconds))
	}
	return time.Duration(math.Round(s * float64(time.Second))), nil
}

// inRange checks the value of the flag called name.
func inRange(name string, value, lowest, highest int) error {
	if value < lowest || value > highest {
		return usageError(fmt.Sprintf("-%s %d is not in [%d, %d]", name, value, lowest, highest))
	}
	return nil
}
