package ipvsadm

import (
	"context"
	"net/netip"
	"time"

	"xlvs/config"
	"xlvs/lvs"
)

// A request is a command line that means something.
type request struct {
	command command
	given   optionSet

	key      config.ServiceKey // of the service that is named
	service  config.Service
	real     config.Real
	timeouts config.Timeouts
	locals   []config.LocalRange // one without ports is an address with whichever it has
}

// The defaults of ipvsadm.
const (
	defaultPersistence = 360 * time.Second
	defaultWeight      = 1
)

// A parser reads one command line.
type parser struct {
	request
	ctx    context.Context
	lookup *lookup

	proto lvs.Protocol // whose names of ports count; until there is a service, none do
	mask4 uint32       // the netmask of an IPv4 client
	mask6 int          // how many bits of an IPv6 client's address count
	flags string       // of the scheduler, which may be named behind them
}

// parse reads a command line, by the rules and in the order of ipvsadm: mistakes
// in arguments first, then those of the command line as a whole.
func parse(ctx context.Context, args []string, l *lookup) (*request, *failure) {
	p := &parser{ctx: ctx, lookup: l, mask4: 1<<32 - 1}
	p.service.Scheduler = lvs.DefaultScheduler
	p.real.Method, p.real.Weight = lvs.DirectRouting, defaultWeight
	if f := p.read(&scanner{args: args}); f != nil {
		return nil, f
	}
	return &p.request, nil
}

func (p *parser) read(s *scanner) *failure {
	if f := p.readCommand(s); f != nil || p.command == cmdHelp || p.command == cmdVersion {
		return f
	}
	if f := p.readOptions(s); f != nil {
		return f
	}
	if f := p.readLoose(s.loose); f != nil {
		return f
	}
	return p.check()
}

// readCommand reads the first option, which must be a command. What is wrong with
// it does not matter.
func (p *parser) readCommand(s *scanner) *failure {
	t, f := s.scan()
	if f != nil || t.word == nil || t.command == cmdNone {
		return tryHelp()
	}
	p.command = t.command
	if t.read != nil {
		return t.read(p, t.argument)
	}
	return nil
}

// readOptions reads all other options.
func (p *parser) readOptions(s *scanner) *failure {
	for {
		t, f := s.scan()
		switch {
		case f != nil:
			return f
		case t.word == nil:
			return nil
		case t.command != cmdNone:
			return usage("invalid option `%s'", s.last())
		case t.option != noOption && t.option != optLocal && p.given.has(t.option):
			return usage("multiple '%s' options specified", optionNames[t.option])
		}
		if t.option != noOption {
			p.given |= setOf(t.option)
		}
		switch {
		case t.read == nil:
		case t.arity == mayHaveArgument && !t.has:
			p.service.Persistence = defaultPersistence
		default:
			if f := t.read(p, t.argument); f != nil {
				return f
			}
		}
	}
}

// readLoose reads the words that are no options: the timeouts of --set.
func (p *parser) readLoose(loose []string) *failure {
	if p.command == cmdSetTimeouts {
		if len(loose) < 3 {
			return usage("--set option requires 3 timeout values")
		}
		for i, d := range [...]*time.Duration{&p.timeouts.TCP, &p.timeouts.TCPFin, &p.timeouts.UDP} {
			if f := readSeconds(loose[i], 0, d); f != nil {
				return f
			}
		}
		loose = loose[3:]
	}
	if len(loose) > 0 {
		return usage("unexpected argument %s", loose[0])
	}
	return nil
}

// readSeconds reads a timeout of at least fewest seconds.
func readSeconds(text string, fewest int64, d *time.Duration) *failure {
	n, ok := number(text, fewest, int64(config.MaxTimeout/time.Second))
	if !ok {
		return usage("invalid timeout value `%s' specified", text)
	}
	*d = time.Duration(n) * time.Second
	return nil
}

// unspecified returns the address that stands for the family of a mark service.
func unspecified(v6 bool) netip.Addr {
	if v6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
