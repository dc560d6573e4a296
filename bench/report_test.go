package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	tests := map[string]struct {
		in   []float64
		want float64
	}{
		"one":                  {[]float64{3}, 3},
		"two":                  {[]float64{3, 1}, 2},
		"odd, out of order":    {[]float64{9, 1, 5}, 5},
		"even, out of order":   {[]float64{9, 1, 5, 3}, 4},
		"an outlier":           {[]float64{1, 1, 1, 1, 1000}, 1},
		"the same many times":  {[]float64{2, 2, 2, 2}, 2},
		"zero among the lower": {[]float64{0, 0, 7}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := slices.Clone(tt.in)
			if got := median(in); got != tt.want {
				t.Errorf("median(%v) = %v, want %v", tt.in, got, tt.want)
			}
			if !slices.Equal(in, tt.in) {
				t.Errorf("median(%v) has changed its argument to %v", tt.in, in)
			}
		})
	}
}

func TestMedianRatio(t *testing.T) {
	// The machine is four times as slow in the second round, for both paths.
	if got := medianRatio([]float64{4, 1, 4}, []float64{8, 2, 8}); got != 0.5 {
		t.Errorf("medianRatio() = %v, want 0.5", got)
	}
}

// rates returns the samples of rounds with these rates.
func rates(mpps ...float64) (s []sample) {
	for _, r := range mpps {
		s = append(s, sample{offered: 1.5e6, arrived: r * 1e6, cpu: 0.75})
	}
	return s
}

func testReport(t *testing.T, names string, samples ...[]sample) *report {
	t.Helper()
	ps, err := choosePaths(names)
	if err != nil {
		t.Fatal(err)
	}
	r := newReport(ps, samples)
	r.Machine, r.Command = "machine: a table", "command: none"
	return r
}

func TestReportTable(t *testing.T) {
	tests := map[string]struct {
		report *report
		want   string
	}{
		"with the reference": {testReport(t, "nat,forward", rates(0.25, 0.3, 0.2), rates(0.5, 0.5, 0.5)), `
     path   Mpps    min    max  ratio  offered   CPU  what
      nat  0.250  0.200  0.300   0.50     1.50  75 %  xlvs, masquerading
  forward  0.500  0.500  0.500   1.00     1.50  75 %  the director's AF_XDP sockets, no director

machine: a table
command: none
`},
		"two references": {testReport(t, "raw-forward,forward,raw-dr", rates(0.5), rates(1), rates(0.25)), `
         path   Mpps    min    max  ratio  offered   CPU  what
  raw-forward  0.500  0.500  0.500   1.00     1.50  75 %  the director's packet sockets, no director
      forward  1.000  1.000  1.000   1.00     1.50  75 %  the director's AF_XDP sockets, no director
       raw-dr  0.250  0.250  0.250   0.50     1.50  75 %  xlvs, direct routing, packet mode

machine: a table
command: none
`},
		"without it": {testReport(t, "dr", rates(0.25, 0.75)), `
  path   Mpps    min    max  ratio  offered   CPU  what
    dr  0.500  0.250  0.750      -     1.50  75 %  xlvs, direct routing

machine: a table
command: none
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := bytes.NewBufferString("\n")
			if err := tt.report.write(out); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.want {
				t.Errorf("the table is\n%s\nwant\n%s", out, tt.want)
			}
		})
	}
}

func TestReportJSON(t *testing.T) {
	r := testReport(t, "forward,dr", rates(0.5), rates(0.25))
	var out bytes.Buffer
	if err := writeJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine, Command string
		Paths            []struct {
			Path                                           string
			Rounds                                         []float64
			Median, Min, Max, Offered, Cores, Ratio, Other float64
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Machine != r.Machine || got.Command != r.Command || len(got.Paths) != 2 {
		t.Fatalf("the report is %s", &out)
	}
	p := got.Paths[1]
	if p.Path != "dr" || p.Median != 0.25 || p.Ratio != 0.5 || p.Offered != 1.5 || p.Cores != 0.75 || !slices.Equal(p.Rounds, []float64{0.25}) {
		t.Errorf("path dr is %+v", p)
	}
}

// A full disk takes nothing.
type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestReportToAFullDisk(t *testing.T) {
	r := testReport(t, "dr", rates(0.25))
	if err := r.write(full{}); !errors.Is(err, errFull) {
		t.Errorf("write() = %v, want %v", err, errFull)
	}
	if err := writeJSON(full{}, r); !errors.Is(err, errFull) {
		t.Errorf("writeJSON() = %v, want %v", err, errFull)
	}
}

func TestReadingSince(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := reading{at: start, sent: 1000, arrived: 100, cpu: time.Second}
	after := reading{at: start.Add(2 * time.Second), sent: 5000, arrived: 1100, cpu: 2 * time.Second}
	got := after.since(before)
	if math.Abs(got.offered-2000) > 1e-9 || math.Abs(got.arrived-500) > 1e-9 || math.Abs(got.cpu-0.5) > 1e-9 {
		t.Errorf("since() = %+v, want 2000 offered, 500 arrived, half a core", got)
	}
}
