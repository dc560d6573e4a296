// Package importer turns what other programs are configured with into xlvs.toml.
//
// A format is a word and a function that reads it. The configuration goes to
// standard output and each thing that was not taken over is a line on standard
// error, so that an operator can look at one while keeping the other. Nothing
// here decides what a foreign setting means: that is for the packages that read
// the formats.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Errors that Command wraps.
var (
	// ErrUsage is for arguments that mean nothing.
	ErrUsage = errors.New("xlvs import -h lists the formats and flags")
	// ErrStrict is for notes, with --strict.
	ErrStrict = errors.New("--strict takes all or nothing")
)

// Command is `xlvs import`.
func Command(_ context.Context, args []string, stdout, stderr io.Writer) error {
	return run(args, os.Stdin, stdout, stderr)
}

// run imports what args name, or stdin.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	src, name := stdin, "stdin"
	if o.file != "" && o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return fmt.Errorf("import %s: %w", o.format.name, err)
		}
		defer f.Close()
		src, name = f, o.file
	}
	c, notes, err := o.format.read(name, src, o)
	if err != nil {
		return fmt.Errorf("import %s: %w", o.format.name, err)
	}
	for _, n := range notes {
		fmt.Fprintln(stderr, n)
	}
	if o.strict && len(notes) > 0 {
		return fmt.Errorf("import %s: %d of the settings cannot be taken over: %w", o.format.name, len(notes), ErrStrict)
	}
	return c.Write(stdout)
}
