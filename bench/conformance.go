package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"xlvs/bench/conformance"
	"xlvs/bench/guest"
)

// guestJobs are what the program does as the first process of a guest.
var guestJobs = map[string]guest.Job{
	conformance.JobName: conformance.Job, conformance.FarEndName: conformance.FarEndJob, compareJobName: compareJob,
}

// errDiffers is the error of a run that found what has no reason.
var errDiffers = errors.New("xlvs does not do what the kernel does")

// A trialOptions is what the flags of conformance say.
type trialOptions struct {
	only, kernel, binary, mode, report, found string
	quick, verbose, shrink                    bool
	parallel, random                          int
	seed                                      uint64
}

func parseTrial(args []string, stdout io.Writer) (o trialOptions, err error) {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.StringVar(&o.only, "case", "", "play only cases whose names begin with `NAMES`, divided by commas")
	flags.StringVar(&o.kernel, "kernel", "", "the guest's kernel: empty for the release's, or \"backports\"")
	flags.StringVar(&o.binary, "xlvs", "", "the xlvs `BINARY`; built if empty")
	flags.StringVar(&o.mode, "mode", "packet", "of xlvs' data path: packet or xdp")
	flags.StringVar(&o.report, "report", "", "write the page of results to `FILE`")
	flags.BoolVar(&o.quick, "quick", false, "play a selection, in three minutes")
	flags.BoolVar(&o.verbose, "v", false, "print scripts that differ, and all their differences")
	flags.BoolVar(&o.shrink, "shrink", true, "make random scripts that differ as short as they can be, which takes minutes each")
	flags.StringVar(&o.found, "found", "bench/conformance/found", "keep random scripts that differ, made short, in `DIR`; empty for nowhere")
	flags.IntVar(&o.parallel, "parallel", 8, "scripts played at a time")
	flags.IntVar(&o.random, "random", 0, "play so many random scripts instead")
	flags.Uint64Var(&o.seed, "seed", 1, "of the first random script; the next has the next")
	if err := parse(flags, args, stdout); err != nil {
		return o, err
	}
	return o, errors.Join(inRange("parallel", o.parallel, 1, 64), inRange("random", o.random, 0, 1_000_000))
}

// conformanceCommand has the kernel judge xlvs.
func conformanceCommand(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parseTrial(args, stdout)
	if err != nil {
		return err
	}
	d, err := newDirector(ctx, o.binary)
	if err != nil {
		return err
	}
	defer func() { _ = d.close() }()
	judge := &conformance.Judge{Other: conformance.Here(conformance.XLVS(d.binary, o.mode)), Parallel: o.parallel}
	report, s := &conformance.Report{}, &stage{}
	defer s.close()
	if report.Kernel, err = s.open(ctx, judge, guest.Kernel(o.kernel)); err != nil {
		return err
	}
	if err := try(ctx, judge, report, o, stdout); err != nil || o.report == "" {
		return err
	}
	return writeReport(o.report, report)
}

// try plays the scripts that o asks for.
func try(ctx context.Context, judge *conformance.Judge, report *conformance.Report, o trialOptions, stdout io.Writer) error {
	strange, failed := 0, error(nil)
	report.Random.Seed = o.seed
	judge.Scripts(ctx, trialScripts(o), func(j conformance.Judgement) {
		if ctx.Err() != nil {
			return
		}
		report.Add(j, o.random > 0)
		differs, err := judged(ctx, judge, report, &j, o, stdout)
		if differs {
			strange++
		}
		failed = errors.Join(failed, err)
		printJudgement(stdout, &j, o.verbose || o.random > 0)
	})
	if err := cmp.Or(context.Cause(ctx), failed); err != nil {
		return err
	}
	fmt.Fprintln(stdout, report.Summary())
	if strange > 0 && o.report == "" {
		return fmt.Errorf("%w in %d scripts", errDiffers, strange)
	}
	return nil
}

// trialScripts returns the scripts that o asks for.
func trialScripts(o trialOptions) (list []conformance.Script) {
	for i := range uint64(o.random) {
		list = append(list, conformance.Random(o.seed+i))
	}
	if o.random > 0 {
		return list
	}
	names := strings.Split(o.only, ",")
	for _, s := range conformance.Cases() {
		wanted := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(s.Name, name) })
		if wanted && (!o.quick || s.Quick) {
			list = append(list, s)
		}
	}
	return list
}

// printJudgement prints what came of a script.
func printJudgement(w io.Writer, j *conformance.Judgement, verbose bool) {
	reasons, known := j.WhyKnown()
	switch {
	case j.Err != nil:
		fmt.Fprintf(w, "ERROR %s: %v\n", j.Script.Name, j.Err)
		return
	case j.Same():
		fmt.Fprintf(w, "same  %s\n", j.Script.Name)
		return
	case known && !verbose:
		fmt.Fprintf(w, "known %s: %s\n", j.Script.Name, strings.Join(reasons, " "))
		return
	}
	fmt.Fprintf(w, "DIFF  %s\n", j.Script.Name)
	list := j.Differences
	const enough = 6
	if verbose {
		fmt.Fprint(w, j.Script.String())
	} else {
		list = list[:min(len(list), enough)]
	}
	for _, d := range list {
		fmt.Fprintln(w, d)
	}
}

func writeReport(path string, r *conformance.Report) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := errors.Join(r.Write(f), f.Close()); err != nil {
		return fmt.Errorf("write the report to %s: %w", path, err)
	}
	return nil
}
