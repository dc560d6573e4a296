package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A report is the outcome of a run. Its exported fields are its JSON.
type report struct {
	Machine string `json:"machine"`
	Command string `json:"command"`
	Rows    []row  `json:"paths"`
}

// A row is one path. Rates are in millions of frames per second.
type row struct {
	Path    string    `json:"path"`
	What    string    `json:"what"`
	Rounds  []float64 `json:"rounds"` // rates, in the order of time
	Median  float64   `json:"median"`
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	Offered float64   `json:"offered"` // by the generator, median
	Cores   float64   `json:"cores"`   // that the process used, median
	// Ratio is the median of the ratios to the rate, in the same round, of the
	// path that this one is held against, so that a slow minute of the machine
	// slows both sides of it. It is nil if that path was not measured.
	Ratio *float64 `json:"ratio,omitempty"`
}

// newReport sums the samples up, which are by path and then by round.
func newReport(paths []path, samples [][]sample) *report {
	r := new(report)
	for i, p := range paths {
		r.Rows = append(r.Rows, newRow(p, samples[i]))
	}
	for k, p := range paths {
		i := slices.IndexFunc(r.Rows, func(w row) bool { return w.Path == p.against })
		if i >= 0 {
			ratio := medianRatio(r.Rows[k].Rounds, r.Rows[i].Rounds)
			r.Rows[k].Ratio = &ratio
		}
	}
	return r
}

func newRow(p path, samples []sample) row {
	const million = 1e6
	w := row{Path: p.name, What: p.what}
	var offered, cores []float64
	for _, s := range samples {
		w.Rounds = append(w.Rounds, s.arrived/million)
		offered = append(offered, s.offered/million)
		cores = append(cores, s.cpu)
	}
	w.Median, w.Min, w.Max = median(w.Rounds), slices.Min(w.Rounds), slices.Max(w.Rounds)
	w.Offered, w.Cores = median(offered), median(cores)
	return w
}

// medianRatio returns the median of a[i]/b[i]. No b is zero.
func medianRatio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

// median returns the middle of v, which has at least one value, or the mean of
// the two that share the middle. It leaves v as it is.
func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// write writes r as a table.
func (r *report) write(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "path\tMpps\tmin\tmax\tratio\toffered\tCPU\t  what\n")
	for _, w := range r.Rows {
		ratio := "-"
		if w.Ratio != nil {
			ratio = fmt.Sprintf("%.2f", *w.Ratio)
		}
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%s\t%.2f\t%.0f %%\t  %s\n",
			w.Path, w.Median, w.Min, w.Max, ratio, w.Offered, 100*w.Cores, w.What)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := fmt.Fprintf(out, "\n%s\n%s\n", r.Machine, r.Command); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// writeJSON writes report for another program.
func writeJSON(out io.Writer, report any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(report); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
