package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/bench/compare"
	"xlvs/bench/guest"
)

// Lengths of a comparison that are not asked for otherwise.
const (
	compareSeconds, compareRounds = 2, 5
	quickSeconds, quickRounds     = 0.3, 1
)

// A comparing is what the command line asks for, and what every square needs.
type comparing struct {
	window      time.Duration
	rounds      int
	quick       bool
	dir, binary string
	contenders  []contender
	trials      []trial
	guest       bool // have kernel IPVS measured in a guest, if this kernel has none
	director    *director
}

// compareCommand measures all competitors and saves the report beside writing it
// on stdout. Progress goes to standard error.
func compareCommand(ctx context.Context, args []string, stdout io.Writer) error {
	c, err := parseCompare(args, stdout)
	if err != nil {
		return err
	}
	r, cut := c.walk(ctx, os.Stderr)
	if r == nil {
		return cut
	}
	r.Command = strings.TrimPrefix(commandLine("compare", args), "command: ")
	return errors.Join(cut, r.WriteTable(stdout), r.Save(c.dir))
}

func parseCompare(args []string, stdout io.Writer) (*comparing, error) {
	c := new(comparing)
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.BoolVar(&c.quick, "quick", false, "everything once and briefly, in about five minutes")
	window := flags.Float64("seconds", 0, "how long a square is measured; 0: 2, or 0.3 with -quick")
	flags.IntVar(&c.rounds, "rounds", 0, "how often; 0: 5, or 1 with -quick")
	trialList := flags.String("measure", "", "which `MEASUREMENTS`; empty: all")
	contenderList := flags.String("competitors", "", "which `COMPETITORS`; empty: all")
	flags.BoolVar(&c.guest, "guest", true, "measure kernel IPVS in a guest, if this kernel has none")
	flags.StringVar(&c.dir, "o", "bench/results", "the `FOLDER` for the results")
	flags.StringVar(&c.binary, "xlvs", "", "the xlvs `BINARY`; without one: built from this module")
	if err := parse(flags, args, stdout); err != nil {
		return nil, err
	}
	if c.quick {
		*window, c.rounds = orElse(*window, quickSeconds), orElse(c.rounds, quickRounds)
	}
	*window, c.rounds = orElse(*window, compareSeconds), orElse(c.rounds, compareRounds)
	var errs [3]error
	c.window, errs[0] = seconds(*window)
	c.trials, errs[1] = choose("measure", *trialList, trials(c.quick), func(t trial) string { return t.Name })
	c.contenders, errs[2] = choose("competitors", *contenderList, contenders(), func(c contender) string { return c.name })
	return c, errors.Join(append(errs[:], inRange("rounds", c.rounds, 1, 1000))...)
}

// orElse returns v, or usual if v is zero.
func orElse[T int | float64](v, usual T) T {
	if v == 0 {
		return usual
	}
	return v
}

// choose returns those of all whose names are in list, or all if that is empty.
func choose[T any](flag, list string, all []T, name func(T) string) (chosen []T, err error) {
	if list == "" {
		return all, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(one T) bool { return name(one) == word })
		if i < 0 {
			var names []string
			for _, one := range all {
				names = append(names, name(one))
			}
			return nil, usageError(fmt.Sprintf("-%s: %q is none of %s", flag, word, strings.Join(names, ",")))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// walk measures everything, with a progress line, and returns what there is of a
// result beside the error that cut it short.
func (c *comparing) walk(ctx context.Context, progress *os.File) (r *compare.Result, err error) {
	if c.director, err = newDirector(ctx, c.binary); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.director.close()) }()
	m, leave := c.matrix(ctx)
	defer leave()
	_, notTerminal := unix.IoctlGetTermios(int(progress.Fd()), unix.TCGETS)
	line := compare.Line{Out: progress, Terminal: notTerminal == nil}
	m.Progress = func(s compare.Step) { line.Show(s, time.Now()) }
	begun := time.Now()
	r, cut := m.Walk(ctx)
	line.End()
	r.Begun, r.Took, r.Window = begun, time.Since(begun).Round(time.Second).String(), c.window.String()
	r.Machine, r.Kernel = strings.TrimPrefix(describeMachine(), "machine: "), kernelVersion()
	if cut != nil {
		r.Cut = cut.Error()
	}
	return r, cut
}

// matrix returns what is asked for, and what to call when it has been walked.
// Without a guest its competitors are left out, which the report says.
func (c *comparing) matrix(ctx context.Context) (m *compare.Matrix, leave func()) {
	m, leave = &compare.Matrix{Rounds: c.rounds}, func() {}
	for i := range c.contenders {
		m.Competitors = append(m.Competitors, c.contenders[i].competitor(ctx, c))
	}
	for _, t := range c.trials {
		m.Measurements = append(m.Measurements, t.Measurement)
	}
	measured := c.visited()
	isIPVS := func(one contender) bool { return one.name == "ipvs" }
	if !c.guest || guest.HostHasIPVS() || len(measured) == 0 || !slices.ContainsFunc(c.contenders, isIPVS) {
		return m, leave
	}
	v, err := beginVisit(ctx, c.director.binary, c.window, io.Discard)
	if err == nil {
		leave = v.machine.Close
	}
	m.Competitors = append(m.Competitors, c.visitors(v, err)...)
	m.Measurements = append(m.Measurements, measured...)
	return m, leave
}

// trial returns the one called name, or nil: those of a guest are not among them.
func (c *comparing) trial(name string) *trial {
	i := slices.IndexFunc(c.trials, func(t trial) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &c.trials[i]
}

// square measures one square.
func (c *comparing) square(ctx context.Context, who *contender, k compare.Key) (values []float64, err error) {
	t := c.trial(k.Measurement)
	s := &site{window: c.window, duty: duty{protocol: t.protocol, method: parseMethod(k.Method), talk: t.talk, point: k.Point}}
	if t.crowd != nil {
		s.crowd = t.crowd(k.Point)
	}
	if err := who.holds(s.connections / 2); err != nil { // there is room for twice as many, see roomFor
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.window+squarePatience, errSquareSlow)
	defer cancel()
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx, who, c.director); err != nil {
		return nil, err
	}
	return t.run(ctx, s)
}

var errSquareSlow = fmt.Errorf("not done in %v more than it measures", squarePatience)

// kernelVersion returns the whole of what uname says.
func kernelVersion() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	text := func(b [65]byte) string { return unix.ByteSliceToString(b[:]) }
	return text(u.Sysname) + " " + text(u.Release) + " " + text(u.Version) + " " + text(u.Machine)
}
