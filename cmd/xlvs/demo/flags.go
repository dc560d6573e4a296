package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"xlvs/config"
)

// ErrUsage is wrapped by the errors about arguments that mean nothing.
var ErrUsage = errors.New("xlvs demo -h lists the flags")

// parse fills in what args say.
func (d *demo) parse(args []string) error {
	d.methods, d.mode = methods(), config.XDP
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.Func("method", "show one forwarding `method`: "+strings.Join(methodNames(), ", ")+" (default all)", d.setMethod)
	flags.Func("mode", "how the director gets at frames, the `mode` xdp, xdp-generic or packet (default xdp)", d.setMode)
	flags.BoolVar(&d.keep, "keep", false, "leave everything running after the requests, until Ctrl-C")
	flags.SetOutput(io.Discard) // the caller reports the error
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(d.out, "flags of xlvs demo:")
		flags.SetOutput(d.out)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("demo: %v: %w", err, ErrUsage)
	case flags.NArg() > 0:
		return fmt.Errorf("demo: unexpected argument %q: %w", flags.Arg(0), ErrUsage)
	}
	return nil
}

// setMethod chooses the method called name.
func (d *demo) setMethod(name string) error {
	if name == allMethods {
		d.methods = methods()
		return nil
	}
	for _, m := range methods() {
		if m.name == name {
			d.methods = []method{m}
			return nil
		}
	}
	return fmt.Errorf("must be one of %s", strings.Join(methodNames(), ", "))
}

// setMode chooses the director's mode.
func (d *demo) setMode(name string) error {
	switch m := config.Mode(name); m {
	case config.XDP, config.XDPGeneric, config.Packet:
		d.mode = m
		return nil
	}
	return fmt.Errorf("must be %s, %s or %s", config.XDP, config.XDPGeneric, config.Packet)
}

// allMethods is the word for every method.
const allMethods = "all"

// methodNames returns the words that --method takes.
func methodNames() []string {
	var names []string
	for _, m := range methods() {
		names = append(names, m.name)
	}
	return append(names, allMethods)
}
