package realserver

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"xlvs/lvs"
)

// ErrUsage is wrapped by the errors about arguments that mean nothing.
var ErrUsage = errors.New("xlvs realserver -h lists the flags")

// Who takes packets out of tunnels, as --user-space has it.
const (
	auto   = "auto" // the kernel where it has a device for that, else this process
	always = "always"
	never  = "never"
)

// guePort is what --tun-port is by default.
const guePort = 6080

// options are what the command line asks for.
type options struct {
	vips      []netip.Addr
	dev       string // the interface that gets them
	tunnel    bool   // the method is tunneling, not direct routing
	types     []lvs.TunnelType
	port      uint16 // of GUE
	userSpace string
	undo      bool
	print     bool
	keep      bool
	state     string // path of the state file
}

// parse reads args. It answers a request for help on stdout.
func parse(args []string, stdout io.Writer) (*options, error) {
	o := &options{types: []lvs.TunnelType{lvs.TunnelIPIP}, port: guePort, userSpace: auto}
	flags := o.flagSet()
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, "flags of xlvs realserver:")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil, err
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	default:
		err = o.check(flags)
	}
	if err != nil {
		return nil, fmt.Errorf("realserver: %w: %w", err, ErrUsage)
	}
	if o.state == "" && !o.print {
		o.state, err = defaultState()
	}
	return o, err
}

func (o *options) flagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("realserver", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller reports the error
	flags.Func("vip", "hold the virtual `address`; may be given more than once", o.addVIP)
	flags.StringVar(&o.dev, "interface", "lo", "the `interface` that gets the virtual addresses")
	flags.Func("method", "how the director forwards, the `method` dr or tun (default dr)", o.setMethod)
	flags.Func("tun-type", "what is around packets: the `type` ipip, gre, gue or all (default ipip)", o.setType)
	flags.Func("tun-port", "the UDP `port` that gue packets come to (default 6080)", o.setPort)
	flags.Func("user-space", "`who` takes packets out of tunnels: auto, the kernel where it has devices for that;\nalways, this process; never, the kernel or nobody (default auto)", o.setUserSpace)
	flags.BoolVar(&o.undo, "undo", false, "take back what an earlier run has left, end one that is running")
	flags.BoolVar(&o.print, "print", false, "only print commands that do the same, for several operating systems")
	flags.BoolVar(&o.keep, "keep", false, "leave the settings and exit, until --undo")
	flags.StringVar(&o.state, "state", "", "the `file` that remembers what was before (default /run/xlvs/realserver-<namespace>.json)")
	return flags
}

// check looks for what does not go together.
func (o *options) check(flags *flag.FlagSet) (err error) {
	if len(o.vips) == 0 && !o.undo {
		err = errors.New("--vip ADDRESS is missing")
	}
	flags.Visit(func(f *flag.Flag) {
		switch {
		case o.undo && f.Name != "undo" && f.Name != "state":
			err = fmt.Errorf("--undo goes with --state alone, not with --%s", f.Name)
		case !o.undo && !o.tunnel && (strings.HasPrefix(f.Name, "tun-") || f.Name == "user-space"):
			err = fmt.Errorf("--%s is for --method tun", f.Name)
		}
	})
	return err
}

func (o *options) addVIP(s string) error {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil || a.Zone() != "" || a.Is4In6():
		return errors.New("must be an IPv4 or IPv6 address")
	case a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return errors.New("is no address that clients can reach")
	case slices.Contains(o.vips, a):
		return errors.New("was given before")
	}
	o.vips = append(o.vips, a)
	return nil
}

func (o *options) setMethod(s string) error {
	if s != "dr" && s != "tun" {
		return errors.New("must be dr or tun")
	}
	o.tunnel = s == "tun"
	return nil
}

// setType takes the words of ipvsadm --tun-type, or all of them.
func (o *options) setType(s string) error {
	all := []lvs.TunnelType{lvs.TunnelIPIP, lvs.TunnelGRE, lvs.TunnelGUE}
	if s == "all" {
		o.types = all
		return nil
	}
	for _, t := range all {
		if t.String() == s {
			o.types = []lvs.TunnelType{t}
			return nil
		}
	}
	return errors.New("must be ipip, gre, gue or all")
}

func (o *options) setPort(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return errors.New("must be a number from 1 to 65535")
	}
	o.port = uint16(n)
	return nil
}

func (o *options) setUserSpace(s string) error {
	if s != auto && s != always && s != never {
		return errors.New("must be auto, always or never")
	}
	o.userSpace = s
	return nil
}

// has reports whether there are virtual addresses of a family.
func (o *options) has(is func(netip.Addr) bool) bool { return slices.ContainsFunc(o.vips, is) }
