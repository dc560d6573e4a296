package conformance

import (
	"context"
	"slices"
	"strings"
)

// shrinkPatience is how many scripts Shrunk plays at most.
const shrinkPatience = 200

// Shrunk returns the judgement of the shortest script that differs as from's does. It
// reports false if from's own does not differ when it is played once more: then it was
// not the script that made a difference.
func (j *Judge) Shrunk(ctx context.Context, from Judgement) (last Judgement, again bool) {
	kind := from.kind()
	o := patient
	o.NoCounters = kind != counters
	differs := func(s *Script) bool {
		result := j.once(ctx, s, o)
		if result.Err != nil || result.kind() != kind {
			return false
		}
		last = result
		return true
	}
	if !differs(&from.Script) {
		return from, false
	}
	Shrink(ctx, from.Script, shrinkPatience, differs)
	return last, true
}

// counters is the kind of differences that only counters show.
const counters = "--stats"

// kind returns that of the first difference without a reason, which is nearest to its
// cause, and "" if there is none.
func (j *Judgement) kind() string {
	i := slices.IndexFunc(j.Differences, func(d Difference) bool { return whyKnown(j.Kernel, j.Script.Name, d.What) == "" })
	if i < 0 {
		return ""
	}
	return j.Differences[i].kind()
}

// kind returns what differs, without saying where.
func (d Difference) kind() string {
	what, _, _ := strings.Cut(d.What, ",")
	return what
}
