package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// errFigures is the failure of a square whose competitor does not keep to the
// measurement.
var errFigures = errors.New("not one number for each figure")

// Better says which way a figure is to go.
type Better string

// The two ways there are.
const (
	More Better = "more"
	Less Better = "less"
)

// A Figure is one of the numbers that a measurement yields.
type Figure struct {
	Name   string // good in the name of a file; empty if it is the only one
	Title  string // for people
	Unit   string
	Better Better
}

// An Axis is what grows along a measurement. The zero value is none: then the
// measurement has a single point, which is 0.
type Axis struct {
	Name   string // with its unit
	Points []int
	Log    bool // each point is a multiple of the one before
}

// A Measurement is one thing to find out about every competitor.
type Measurement struct {
	Name    string   // good in the name of a file
	Title   string   // for people
	Figures []Figure // what each square yields, in this order
	Axis    Axis
	Methods []string // forwarding methods to measure, in this order
	Note    string   // what a reader must know to believe the figures; may be empty
}

// A Key names a square of the matrix.
type Key struct {
	Measurement string `json:"measurement"`
	Competitor  string `json:"competitor"`
	Method      string `json:"method"` // empty for a ceiling
	Point       int    `json:"point"`  // on the axis; 0 without one
}

// A Competitor is something that is measured.
type Competitor struct {
	Name    string // good in the name of a file
	What    string // for people
	Version string
	Missing error // why it cannot take part; nil if it can
	// A ceiling decides nothing, so it has no methods: it is measured once and
	// shown beside each method's figures.
	Ceiling bool
	// Has reports whether it does what is measured, by a method.
	Has func(measurement, method string) bool
	// Run measures a square, and returns a value for each of the figures.
	Run func(ctx context.Context, k Key) ([]float64, error)
}

// A Matrix is what to measure of whom, and how often.
type Matrix struct {
	Measurements []Measurement
	Competitors  []Competitor
	Rounds       int
	// Progress is told before each square; it may be nil.
	Progress func(Step)
}

// A Step is a square that is about to be measured.
type Step struct {
	Number, Of    int // of all squares in all rounds, from 1
	Round, Rounds int // from 1
	Key           Key
	Failed        int // squares up to now
}

// A sample is the outcome of one square in one round.
type sample struct {
	values []float64
	err    error
}

// Walk measures every square in every round and returns what it saw. A square's
// failure is part of that. If ctx ends, the result is that of the squares up to
// then, beside the error.
func (m *Matrix) Walk(ctx context.Context) (*Result, error) {
	squares := m.squares()
	samples := make(map[Key][]sample)
	failed, number := 0, 0
	for round := range m.Rounds {
		for _, s := range squares {
			number++
			if m.Progress != nil {
				m.Progress(Step{number, len(squares) * m.Rounds, round + 1, m.Rounds, s.key, failed})
			}
			got := s.measure(ctx)
			if ctx.Err() != nil { // whatever it says, it was cut short
				return m.result(samples), context.Cause(ctx)
			}
			if got.err != nil {
				failed++
			}
			samples[s.key] = append(samples[s.key], got)
		}
	}
	return m.result(samples), nil
}

// A square is one competitor in one measurement, by one method, at one point.
type square struct {
	key     Key
	figures int
	run     func(context.Context, Key) ([]float64, error)
}

// measure runs the square and holds it to numbers, as many as there are figures.
func (s square) measure(ctx context.Context) sample {
	values, err := s.run(ctx, s.key)
	if err == nil && (len(values) != s.figures || slices.ContainsFunc(values, isNoNumber)) {
		err = fmt.Errorf("%w: %v for %d figures", errFigures, values, s.figures)
	}
	return sample{values, err}
}

func isNoNumber(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// squares lists the squares in the order in which a round takes them: those that
// share a row of figures are next to one another.
func (m *Matrix) squares() (list []square) {
	for _, one := range m.Measurements {
		for _, method := range append([]string{""}, one.Methods...) {
			for _, point := range one.points() {
				for _, c := range m.Competitors {
					if c.enters(one.Name, method) {
						list = append(list, square{Key{one.Name, c.Name, method, point}, len(one.Figures), c.Run})
					}
				}
			}
		}
	}
	return list
}

// points returns the points of the axis, or the one point of none.
func (m Measurement) points() []int {
	if len(m.Axis.Points) == 0 {
		return []int{0}
	}
	return m.Axis.Points
}

// enters reports whether c is measured by method, which is empty for ceilings.
func (c Competitor) enters(measurement, method string) bool {
	return c.Missing == nil && c.Ceiling == (method == "") && c.Has(measurement, method)
}

// has reports whether somebody is measured by method.
func (m *Matrix) has(measurement, method string) bool {
	return slices.ContainsFunc(m.Competitors, func(c Competitor) bool { return c.enters(measurement, method) })
}
