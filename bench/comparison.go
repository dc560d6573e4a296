package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// A comparison is the outcome of a talk. Its exported fields are its JSON.
type comparison struct {
	Machine string     `json:"machine"`
	Command string     `json:"command"`
	Ways    []compared `json:"ways"`
}

// A compared is one way and what was measured by it.
type compared struct {
	Way     string   `json:"way"`
	What    string   `json:"what"`
	Figures []figure `json:"figures"`
}

// A figure is one thing that was measured.
type figure struct {
	Name   string    `json:"name"`   // with its unit
	Rounds []float64 `json:"rounds"` // in the order of time
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Ratio  float64   `json:"ratio"` // median of those to the reference in the same round
}

// newComparison sums the samples up, which are by way, then by round, then by
// column. The reference is among the ways.
func newComparison(columns []string, list []way, samples [][][]float64) *comparison {
	reference := slices.IndexFunc(list, func(w way) bool { return w.name == referenceWay })
	c := new(comparison)
	for i, w := range list {
		one := compared{Way: w.name, What: w.what}
		for k, name := range columns {
			one.Figures = append(one.Figures, newFigure(name, column(samples[i], k), column(samples[reference], k)))
		}
		c.Ways = append(c.Ways, one)
	}
	return c
}

// column returns the values with number k of every round.
func column(rounds [][]float64, k int) []float64 {
	var values []float64
	for _, r := range rounds {
		values = append(values, r[k])
	}
	return values
}

func newFigure(name string, rounds, reference []float64) figure {
	return figure{
		Name: name, Rounds: rounds,
		Median: median(rounds), Min: slices.Min(rounds), Max: slices.Max(rounds),
		Ratio: medianRatio(rounds, reference),
	}
}

// write writes c as a table.
func (c *comparison) write(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "way\t")
	for _, f := range c.Ways[0].Figures {
		fmt.Fprintf(t, "%s\tmin\tmax\tratio\t", f.Name)
	}
	fmt.Fprint(t, "  what\n")
	for _, w := range c.Ways {
		fmt.Fprintf(t, "%s\t%s  %s\n", w.Way, w.cells(), w.What)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := fmt.Fprintf(out, "\n%s\n%s\n", c.Machine, c.Command); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// cells returns the figures as cells of a table.
func (w compared) cells() string {
	var b strings.Builder
	for _, f := range w.Figures {
		fmt.Fprintf(&b, "%.1f\t%.1f\t%.1f\t%.2f\t", f.Median, f.Min, f.Max, f.Ratio)
	}
	return b.String()
}
