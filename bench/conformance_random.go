package main

import (
	"context"
	"fmt"
	"io"

	"xlvs/bench/conformance"
)

// judged reports whether j differs without a reason. A random script that does is made
// as short as it can be, and kept, as o asks for: j is what is left of it then.
func judged(ctx context.Context, judge *conformance.Judge, report *conformance.Report, j *conformance.Judgement, o trialOptions, stdout io.Writer) (differs bool, err error) {
	if _, known := j.WhyKnown(); known {
		return false, nil
	}
	if o.random == 0 || j.Err != nil {
		return true, nil
	}
	if o.shrink {
		short, again := judge.Shrunk(ctx, *j)
		if !again {
			report.Random.Once++
			fmt.Fprintf(stdout, "once  %s\n", j.Script.Name)
			return false, nil
		}
		*j = short
	}
	report.Random.Found = append(report.Random.Found, *j)
	if !o.shrink || o.found == "" || ctx.Err() != nil {
		return true, nil
	}
	path, err := conformance.Keep(o.found, j)
	if err == nil {
		fmt.Fprintf(stdout, "kept  %s\n", path)
	}
	return true, err
}
