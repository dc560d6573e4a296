package compare

import (
	"slices"
	"strconv"
	"time"
)

// A Result is the outcome of a walk and all that a report says. Whoever walked
// fills in what the matrix does not know.
type Result struct {
	Machine  string    `json:"machine"`
	Kernel   string    `json:"kernel"`
	Command  string    `json:"command"`
	Begun    time.Time `json:"begun"`
	Took     string    `json:"took"`
	Rounds   int       `json:"rounds"`
	Window   string    `json:"window"`              // how long each square was measured
	Cut      string    `json:"cut_short,omitempty"` // why the walk is not complete
	Entrants []Entrant `json:"competitors"`
	Charts   []Chart   `json:"charts"`
	Remarks  []string  `json:"remarks,omitempty"`
}

// An Entrant is a competitor as the report names it.
type Entrant struct {
	Name    string `json:"name"`
	What    string `json:"what"`
	Version string `json:"version,omitempty"`
	LeftOut string `json:"left_out,omitempty"` // why
	Ceiling bool   `json:"ceiling,omitempty"`
}

// A Chart is one figure of one measurement: a table, and a plot.
type Chart struct {
	Name    string   `json:"name"` // good as that of a file
	Title   string   `json:"title"`
	Unit    string   `json:"unit"`
	Better  Better   `json:"better"`
	Axis    string   `json:"axis"` // what the columns are
	Columns []string `json:"columns"`
	// X is where the columns are on an axis of numbers; nil if they are names.
	X    []float64 `json:"x,omitempty"`
	Log  bool      `json:"log,omitempty"`
	Rows []Row     `json:"rows"`
	Note string    `json:"note,omitempty"`
}

// A Row is a competitor's cells, by column.
type Row struct {
	Competitor string  `json:"competitor"`
	Ceiling    bool    `json:"ceiling,omitempty"`
	Cells      []*Cell `json:"cells"` // nil: not measured
}

// A Cell is a square's figure. Spread is nil if it failed in every round.
type Cell struct {
	*Spread
	Failures []string `json:"failures,omitempty"` // of the rounds that failed
}

// result sums samples up.
func (m *Matrix) result(samples map[Key][]sample) *Result {
	r := &Result{Rounds: m.Rounds}
	for _, c := range m.Competitors {
		e := Entrant{Name: c.Name, What: c.What, Version: c.Version, Ceiling: c.Ceiling}
		if c.Missing != nil {
			e.LeftOut = c.Missing.Error()
		}
		r.Entrants = append(r.Entrants, e)
	}
	for _, one := range m.Measurements {
		r.Charts = append(r.Charts, m.charts(one, samples)...)
	}
	return r
}

// charts returns those of a measurement: one for each figure and, if there is an
// axis, for each method. Without an axis the methods are the columns.
func (m *Matrix) charts(one Measurement, samples map[Key][]sample) (charts []Chart) {
	methods := slices.DeleteFunc(slices.Clone(one.Methods), func(s string) bool { return !m.has(one.Name, s) })
	for i, f := range one.Figures {
		c := Chart{
			Name: join(one.Name, f.Name), Title: joinTitle(one.Title, f.Title),
			Unit: f.Unit, Better: f.Better, Axis: "method", Columns: methods, Note: one.Note,
		}
		if len(one.Axis.Points) == 0 {
			c.Rows = m.rows(one, i, samples, methods, one.points())
			charts = appendFilled(charts, c)
			continue
		}
		c.Axis, c.Log, c.Columns = one.Axis.Name, one.Axis.Log, nil
		for _, p := range one.Axis.Points {
			c.Columns, c.X = append(c.Columns, strconv.Itoa(p)), append(c.X, float64(p))
		}
		for _, method := range methods {
			d := c
			d.Name, d.Title = join(c.Name, method), joinTitle(c.Title, method)
			d.Rows = m.rows(one, i, samples, []string{method}, one.Axis.Points)
			charts = appendFilled(charts, d)
		}
	}
	return charts
}

// appendFilled appends c if it has anything to show.
func appendFilled(charts []Chart, c Chart) []Chart {
	if len(c.Rows) == 0 {
		return charts
	}
	return append(charts, c)
}

// rows returns a row for each competitor that has a cell: of figure number i, for
// each of the methods and each of the points.
func (m *Matrix) rows(one Measurement, i int, samples map[Key][]sample, methods []string, points []int) (rows []Row) {
	for _, c := range m.Competitors {
		row, filled := Row{Competitor: c.Name, Ceiling: c.Ceiling}, false
		for _, method := range methods {
			if c.Ceiling {
				method = ""
			}
			for _, p := range points {
				cell := newCell(samples[Key{one.Name, c.Name, method, p}], i)
				filled = filled || cell != nil
				row.Cells = append(row.Cells, cell)
			}
		}
		if filled {
			rows = append(rows, row)
		}
	}
	return rows
}

// newCell sums figure number i of samples up, or returns nil if there are none.
func newCell(samples []sample, i int) *Cell {
	if len(samples) == 0 {
		return nil
	}
	var c Cell
	var rounds []float64
	for _, s := range samples {
		if s.err != nil {
			c.Failures = append(c.Failures, s.err.Error())
			continue
		}
		rounds = append(rounds, s.values[i])
	}
	if len(rounds) > 0 {
		s := newSpread(rounds)
		c.Spread = &s
	}
	return &c
}

func join(a, b string) string {
	if b == "" {
		return a
	}
	return a + "-" + b
}

func joinTitle(a, b string) string {
	if b == "" {
		return a
	}
	return a + ", " + b
}
