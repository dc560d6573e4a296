package compare

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
)

func TestWalkIsInterleaved(t *testing.T) {
	s := newStage(2)
	if _, err := s.Walk(t.Context()); err != nil {
		t.Fatal(err)
	}
	half := len(s.seen) / 2
	if !slices.Equal(s.seen[:half], s.seen[half:]) {
		t.Errorf("the second round differs from the first: %v", s.seen)
	}
	var names []string
	for _, k := range s.seen[:half] {
		names = append(names, k.String())
	}
	want := []string{
		"rate sky at 64", "rate sky at 1500",
		"rate quick nat at 64", "rate slow nat at 64", "rate broken nat at 64",
		"rate quick nat at 1500", "rate slow nat at 1500", "rate broken nat at 1500",
		"rate quick dr at 64", "rate quick dr at 1500",
		"latency quick nat", "latency slow nat", "latency broken nat", "latency quick dr",
	}
	if !slices.Equal(names, want) {
		t.Errorf("a round is\n%q, want\n%q", names, want)
	}
}

func TestWalkGoesOnAfterFailures(t *testing.T) {
	s := newStage(3)
	r, err := s.Walk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broken := r.chart(t, "rate-nat").row(t, "broken")
	if c := broken.Cells[0]; c.Spread != nil || len(c.Failures) != 3 {
		t.Errorf("the square that breaks is %+v, want three failures", c)
	}
	if c := broken.Cells[1]; c.Spread == nil || c.Median != 2 || c.Failures != nil {
		t.Errorf("the square beside it is %+v, want a median of 2", c)
	}
	if e := r.Entrants[4]; e.Name != "missing" || e.LeftOut != "no such program" {
		t.Errorf("who is missing is %+v", e)
	}
}

func TestWalkTellsProgress(t *testing.T) {
	s := newStage(2)
	var last Step
	n := 0
	s.Progress = func(p Step) {
		if n++; p.Number != n {
			t.Errorf("step %d has number %d", n, p.Number)
		}
		last = p
	}
	if _, err := s.Walk(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last.Number != last.Of || last.Round != 2 || last.Rounds != 2 || last.Failed != 4 {
		t.Errorf("the last step is %+v, want the last of all, in round 2, after 4 failures", last)
	}
}

func TestWalkCutShort(t *testing.T) {
	s := newStage(2)
	cause := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	s.Progress = func(p Step) {
		if p.Number == 5 { // whatever the square says now, it does not count
			cancel(cause)
		}
	}
	r, err := s.Walk(ctx)
	if !errors.Is(err, cause) {
		t.Fatalf("Walk() = %v, want %v", err, cause)
	}
	c := r.chart(t, "rate-nat")
	if got := c.row(t, "slow").Cells[0]; got == nil || got.Median != 2 {
		t.Errorf("what was measured before is %+v, want 2", got)
	}
	for _, row := range c.Rows {
		if row.Competitor == "broken" {
			t.Errorf("what was cut short is in the result: %+v", row)
		}
	}
}

func TestWalkRefusesWhatIsNoFigure(t *testing.T) {
	for name, values := range map[string][]float64{
		"none": nil, "too many": {1, 2, 3}, "nothing by nothing": {1, math.NaN()}, "something by nothing": {math.Inf(1), 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(1)
			s.Competitors[0].Run = func(context.Context, Key) ([]float64, error) { return values, nil }
			r, err := s.Walk(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c := r.chart(t, "latency-p50").row(t, "quick").Cells[0]; c.Spread != nil || len(c.Failures) != 1 {
				t.Errorf("%v for two figures is %+v, want a failure", values, c)
			}
		})
	}
}

// chart returns the chart called name.
func (r *Result) chart(t *testing.T, name string) Chart {
	t.Helper()
	for _, c := range r.Charts {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no chart %s in the result", name)
	return Chart{}
}

// row returns the row of a competitor.
func (c Chart) row(t *testing.T, name string) Row {
	t.Helper()
	for _, r := range c.Rows {
		if r.Competitor == name {
			return r
		}
	}
	t.Fatalf("%s is not in chart %s", name, c.Name)
	return Row{}
}
