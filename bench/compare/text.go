package compare

import (
	"fmt"
	"strings"
)

// Words in cells without a figure.
const (
	absent = "–"
	failed = "failed"
)

// String returns what a table shows of c, which may be nil.
func (c *Cell) String() string {
	switch {
	case c == nil:
		return absent
	case c.Spread == nil:
		return failed
	case len(c.Failures) > 0:
		return c.Spread.String() + "*"
	}
	return c.Spread.String()
}

// heading returns the title of c with its unit and which way is better.
func (c Chart) heading() string {
	return fmt.Sprintf("%s, %s (%s is better)", c.Title, c.Unit, c.Better)
}

// best returns the number of the row with the best median of a column, ceilings
// aside, or -1 if there is none.
func (c Chart) best(column int) int {
	best := -1
	for i, r := range c.Rows {
		cell := r.Cells[column]
		if r.Ceiling || cell == nil || cell.Spread == nil {
			continue
		}
		if best < 0 || better(c.Better, cell.Median, c.Rows[best].Cells[column].Median) {
			best = i
		}
	}
	return best
}

// better reports whether a is better than b.
func better(way Better, a, b float64) bool {
	if way == Less {
		return a < b
	}
	return a > b
}

// failures returns a line for each cell of c that failed in some round, which
// quotes the last of the failures.
func (c Chart) failures() (lines []string) {
	for _, r := range c.Rows {
		for i, cell := range r.Cells {
			if cell == nil || len(cell.Failures) == 0 {
				continue
			}
			n := len(cell.Failures)
			lines = append(lines, fmt.Sprintf("%s at %s, failed %d×: %s",
				r.Competitor, c.Columns[i], n, brief(cell.Failures[n-1])))
		}
	}
	return lines
}

// brief returns s as one line, and not too much of it: all that a process said
// before it failed is in the JSON.
func brief(s string) string {
	const most = 300
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}

// about returns lines on how and where r was measured.
func (r *Result) about() []string {
	lines := []string{
		"machine: " + r.Machine,
		"kernel: " + r.Kernel,
		fmt.Sprintf("begun: %s, took %s; %d rounds, %s a square", r.Begun.UTC().Format("2006-01-02 15:04 UTC"), r.Took, r.Rounds, r.Window),
		"command: " + r.Command,
	}
	if r.Cut != "" {
		lines = append(lines, "cut short: "+r.Cut)
	}
	return append(lines, r.Remarks...)
}
