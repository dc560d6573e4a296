package compare

import (
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	tests := map[string]struct {
		in   []float64
		want float64
	}{
		"one":               {[]float64{3}, 3},
		"two":               {[]float64{3, 1}, 2},
		"odd, out of order": {[]float64{9, 1, 5}, 5},
		"an outlier":        {[]float64{1, 1, 1, 1, 1000}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := slices.Clone(tt.in)
			if got := Median(in); got != tt.want || !slices.Equal(in, tt.in) {
				t.Errorf("Median(%v) = %v, want %v and the same values", tt.in, got, tt.want)
			}
		})
	}
}

func TestSpreadString(t *testing.T) {
	tests := map[string]struct {
		in   []float64
		want string
	}{
		"a single round": {[]float64{0.4567}, "0.457"},
		"none":           {[]float64{0}, "0"},
		"units":          {[]float64{4, 4.5678, 5}, "4.57 (4.00…5.00)"},
		"tens":           {[]float64{45.678}, "45.7"},
		"thousands":      {[]float64{4567.8}, "4568"},
		"less than none": {[]float64{-45.678}, "-45.7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newSpread(tt.in).String(); got != tt.want {
				t.Errorf("spread of %v is %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCharts(t *testing.T) {
	r, err := newStage(1).Walk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range r.Charts {
		names = append(names, c.Name)
	}
	// Nobody tunnels, so there is no chart of it.
	if want := []string{"rate-nat", "rate-dr", "latency-p50", "latency-p99"}; !slices.Equal(names, want) {
		t.Fatalf("the charts are %q, want %q", names, want)
	}
	nat, dr, p99 := r.chart(t, "rate-nat"), r.chart(t, "rate-dr"), r.chart(t, "latency-p99")
	if nat.Title != "Rate, nat" || !slices.Equal(nat.Columns, []string{"64", "1500"}) || !slices.Equal(nat.X, []float64{64, 1500}) {
		t.Errorf("a chart along an axis is %+v", nat)
	}
	if a, b := nat.row(t, "sky").Cells[0], dr.row(t, "sky").Cells[0]; a == nil || b == nil || a.Median != b.Median {
		t.Errorf("a ceiling is %v and %v by two methods, want the same", a, b)
	}
	if !slices.Equal(p99.Columns, []string{"nat", "dr"}) || p99.X != nil || p99.Title != "Latency, 99th percentile" {
		t.Errorf("a chart without an axis is %+v", p99)
	}
	if cells := p99.row(t, "slow").Cells; cells[0].Median != 4 || cells[1] != nil {
		t.Errorf("the row of one who has a single method is %v, want 4 and nothing", cells)
	}
	if i := nat.best(0); nat.Rows[i].Competitor != "quick" {
		t.Errorf("the best at more is row %d, want quick, not the ceiling", i)
	}
	if i := p99.best(0); p99.Rows[i].Competitor != "slow" {
		t.Errorf("the best at less is row %d, want slow", i)
	}
	p99.Rows = p99.Rows[2:] // the broken one
	if i := p99.best(0); i != -1 {
		t.Errorf("the best of failures is row %d, want none", i)
	}
}
