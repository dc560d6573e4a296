package compare

import (
	"context"
	"errors"
	"time"
)

var errBroken = errors.New("broken\nit said: ouch | <b>")

// A stage is a matrix of fakes that notes who was measured.
type stage struct {
	Matrix
	seen []Key
}

// newStage has two measurements: one over sizes, one with two figures. Competitors
// are quick, slow, a ceiling, one that breaks, and one that is missing.
func newStage(rounds int) *stage {
	s := new(stage)
	s.Rounds = rounds
	s.Measurements = []Measurement{
		{
			Name: "rate", Title: "Rate", Methods: []string{"nat", "dr", "tun"}, Note: "A note.",
			Figures: []Figure{{Unit: "packets/s", Better: More}},
			Axis:    Axis{Name: "bytes", Points: []int{64, 1500}},
		},
		{
			Name: "latency", Title: "Latency", Methods: []string{"nat", "dr"},
			Figures: []Figure{{"p50", "median", "µs", Less}, {"p99", "99th percentile", "µs", Less}},
		},
	}
	in := func(methods ...string) func(string, string) bool {
		return func(_, method string) bool {
			for _, m := range methods {
				if m == method {
					return true
				}
			}
			return false
		}
	}
	s.Competitors = []Competitor{
		{Name: "quick", What: "a quick one", Version: "1.0", Has: in("nat", "dr"), Run: s.fake(10)},
		{Name: "slow", What: "a slow one", Has: in("nat"), Run: s.fake(2)},
		{Name: "sky", What: "nothing done", Ceiling: true, Has: func(m, method string) bool { return m == "rate" && method == "" }, Run: s.fake(1000)},
		{Name: "broken", What: "a broken one", Has: in("nat"), Run: s.half()},
		{Name: "missing", What: "not installed", Missing: errors.New("no such program"), Has: in("nat")},
	}
	return s
}

// fake measures factor times the round, and half of it as a second figure.
func (s *stage) fake(factor float64) func(context.Context, Key) ([]float64, error) {
	rounds := make(map[Key]float64)
	return func(_ context.Context, k Key) ([]float64, error) {
		s.seen = append(s.seen, k)
		rounds[k]++
		if k.Measurement == "latency" {
			return []float64{factor * rounds[k], factor * rounds[k] * 2}, nil
		}
		return []float64{factor * rounds[k]}, nil
	}
}

// half breaks but at 1500.
func (s *stage) half() func(context.Context, Key) ([]float64, error) {
	whole := s.fake(1)
	return func(ctx context.Context, k Key) ([]float64, error) {
		values, err := whole(ctx, k)
		if k.Point != 1500 {
			return nil, errBroken
		}
		return values, err
	}
}

// filled fills in what a program knows.
func filled(r *Result) *Result {
	r.Machine, r.Kernel, r.Command = "a table", "Linux 0.0", "go run ./bench compare"
	r.Begun, r.Took, r.Window = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), "5s", "1s"
	return r
}
