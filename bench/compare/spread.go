package compare

import (
	"fmt"
	"slices"
)

// A Spread is what one figure was in the rounds that did not fail.
type Spread struct {
	Rounds []float64 `json:"rounds"` // in the order of time
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
}

// newSpread sums rounds up. There is at least one.
func newSpread(rounds []float64) Spread {
	return Spread{rounds, Median(rounds), slices.Min(rounds), slices.Max(rounds)}
}

// Median returns the middle of values, or the mean of the two that share the
// middle. It leaves values as it is. There is at least one.
func Median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// String returns the median and, of several rounds, the least and the most.
func (s Spread) String() string {
	if len(s.Rounds) == 1 {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s…%s)", number(s.Median), number(s.Min), number(s.Max))
}

// number writes v with three digits that mean something.
func number(v float64) string {
	switch a := max(v, -v); {
	case a == 0:
		return "0"
	case a < 1:
		return fmt.Sprintf("%.3f", v)
	case a < 10:
		return fmt.Sprintf("%.2f", v)
	case a < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
