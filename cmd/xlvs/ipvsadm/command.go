package ipvsadm

import (
	"context"
	"fmt"
	"io"
	"strings"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// A Director is what commands work on; *control.Client is one. Its errors wrap
// those of package desired and package control.
type Director interface {
	Services(ctx context.Context) ([]dataplane.ServiceStatus, error)
	Service(ctx context.Context, key config.ServiceKey) (dataplane.ServiceStatus, error)
	Connections(ctx context.Context, f func(control.Connection) error) error
	Timeouts(ctx context.Context) (config.Timeouts, error)
	Status(ctx context.Context) (control.Status, error)

	// Do makes all changes or none, DoIf only if nothing has changed since a
	// revision, DoEach each by itself.
	Do(ctx context.Context, ops []desired.Operation) error
	DoIf(ctx context.Context, revision uint64, ops []desired.Operation) error
	DoEach(ctx context.Context, ops []desired.Operation) ([]error, error)
}

// Programs are the names under which Run knows what to do: ipvsadm and the two
// scripts that come with it.
var Programs = [...]string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore"}

// A Program is one of Programs with all that it has of the world.
type Program struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Dial finds the director. It is called once, and only by command lines that
	// mean something and need one.
	Dial func() (Director, error)

	Hosts HostResolver // of names on the command line; nil: DNS and /etc/hosts
	Names Names        // of addresses in lists, and of ports
}

// The exit codes of ipvsadm.
const (
	exitDone    = 0
	exitList    = 1   // what was to be listed could not be had
	exitUsage   = 2   // the command line means nothing, or there is no director
	exitRefused = 255 // ipvsadm's -1
)

// Run does what the program of that name does with args, which begin behind the
// name. It returns the exit code.
func (p Program) Run(ctx context.Context, name string, args []string) (exitCode int) {
	e := &execution{Program: p, lookup: newLookup(p.Hosts, p.Names.Services)}
	var f *failure
	switch name {
	case "ipvsadm-save":
		f = e.saveScript(ctx, args)
	case "ipvsadm-restore":
		f = e.restoreScript(ctx)
	default:
		f = e.commandLine(ctx, args)
	}
	return e.report(f)
}

// A failure is why a command line did not do what it was to do.
type failure struct {
	text string // for stderr, without its last line break; empty: it was said already
	code int    // the exit code
	ends bool   // of a line of -R: those after it are not read
}

// usage returns the failure of a command line that means nothing.
func usage(format string, args ...any) *failure {
	return &failure{text: fmt.Sprintf(format, args...), code: exitUsage, ends: true}
}

// tryHelp returns the failure of a command line without a command.
func tryHelp() *failure {
	return &failure{"Try `ipvsadm -h' or 'ipvsadm --help' for more information.", exitRefused, true}
}

// report says f, if it is one, and returns its exit code.
func (e *execution) report(f *failure) int {
	if f == nil {
		return exitDone
	}
	if f.text != "" {
		fmt.Fprintln(e.Stderr, f.text)
	}
	return f.code
}

// saveScript is ipvsadm-save: all arguments but options are passed over.
func (e *execution) saveScript(ctx context.Context, args []string) *failure {
	save := []string{"-S"}
	for _, arg := range args {
		switch {
		case arg == "-n":
			save = []string{"-S", "-n"}
		case strings.HasPrefix(arg, "-"):
			return &failure{text: "ipvsadm-save: Script to save the IPVS table to stdout.\n" +
				"   With the -n option, prints out the table in numeric format.", code: exitList}
		}
	}
	return e.commandLine(ctx, save)
}
