package compare

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable writes r for a terminal.
func (r *Result) WriteTable(out io.Writer) error {
	w := &keeper{out: out}
	for _, c := range r.Charts {
		c.table(w)
	}
	for _, e := range r.Entrants {
		if e.LeftOut != "" {
			fmt.Fprintf(w, "left out: %s: %s\n", e.Name, brief(e.LeftOut))
		}
	}
	for _, line := range r.about() {
		fmt.Fprintln(w, line)
	}
	if w.err != nil {
		return fmt.Errorf("write table: %w", w.err)
	}
	return nil
}

// table writes c. The asterisk is of Cell.String.
func (c Chart) table(out io.Writer) {
	fmt.Fprintln(out, c.heading())
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%s\t", c.Axis)
	for _, name := range c.Columns {
		fmt.Fprintf(t, "%s\t", name)
	}
	fmt.Fprintln(t)
	for _, r := range c.Rows {
		fmt.Fprintf(t, "%s\t", r.Competitor)
		for _, cell := range r.Cells {
			fmt.Fprintf(t, "%s\t", cell)
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush() // the writer below keeps the error
	for _, line := range c.failures() {
		fmt.Fprintf(out, "  * %s\n", line)
	}
	fmt.Fprintln(out)
}

// A keeper keeps the first error of a writer and drops what comes after it, so
// that a report is written line by line and judged once.
type keeper struct {
	out io.Writer
	err error
}

// Write writes b, unless something has failed before.
func (k *keeper) Write(b []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.out.Write(b)
	k.err = err
	return n, err
}
