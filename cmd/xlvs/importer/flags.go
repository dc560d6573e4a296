package importer

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// options are what the command line asks for.
type options struct {
	format format
	file   string // empty or "-": standard input
	strict bool
	ipv6   bool
}

// parse reads args: a format, a file that can be missing, and flags before,
// between and after them. It answers a request for help on stdout.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller reports the error
	flags.BoolVar(&o.strict, "strict", false, "what cannot be taken over is an error, and nothing is written")
	flags.BoolVar(&o.ipv6, "ipv6", false, "rules of iptables without an address are for IPv6")
	var words []string
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			help(stdout, flags)
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("import: %w: %w", err, ErrUsage)
		}
		if flags.NArg() == 0 {
			break
		}
		words = append(words, flags.Arg(0))
		args = flags.Args()[1:]
	}
	if err := o.words(words); err != nil {
		return nil, fmt.Errorf("import: %w: %w", err, ErrUsage)
	}
	return o, nil
}

// words takes the arguments that are no flags.
func (o *options) words(words []string) error {
	all := formats()
	if len(words) == 0 {
		return fmt.Errorf("the format is missing: %s", strings.Join(names(all), ", "))
	}
	i := slices.Index(names(all), words[0])
	switch {
	case i < 0:
		return fmt.Errorf("unknown format %q: must be %s", words[0], strings.Join(names(all), ", "))
	case len(words) > 2:
		return fmt.Errorf("unexpected argument %q", words[2])
	case len(words) == 2:
		o.file = words[1]
	}
	o.format = all[i]
	if o.ipv6 && o.format.name != "iptables" {
		return errors.New("--ipv6 is for iptables")
	}
	return nil
}

// names returns the words for formats.
func names(formats []format) (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

func help(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, "usage: xlvs import FORMAT [FILE]\n\nThe file is standard input if it is missing. The formats are\n\n")
	for _, f := range formats() {
		fmt.Fprintf(w, "  %-12s  %s\n", f.name, f.what)
	}
	fmt.Fprint(w, "\nand the flags of xlvs import:\n")
	flags.SetOutput(w)
	flags.PrintDefaults()
}
