package compare

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes r as a page that shows the plots beside it, by the names
// that Save gives them.
func (r *Result) WriteMarkdown(out io.Writer) error {
	w := &keeper{out: out}
	fmt.Fprint(w, "# xlvs compared\n\n")
	for _, line := range r.about() {
		fmt.Fprintf(w, "- %s\n", escape(line))
	}
	fmt.Fprint(w, "\nFigures are medians over the rounds, with the least and the most; the best of each column is bold, ceilings aside.\n")
	r.entrants(w)
	for _, c := range r.Charts {
		c.markdown(w)
	}
	if w.err != nil {
		return fmt.Errorf("write markdown: %w", w.err)
	}
	return nil
}

// entrants writes the table of competitors.
func (r *Result) entrants(out io.Writer) {
	fmt.Fprint(out, "\n## Competitors\n\n| name | what | version |\n|---|---|---|\n")
	for _, e := range r.Entrants {
		what := e.What
		if e.Ceiling {
			what += " (a ceiling)"
		}
		if e.LeftOut != "" {
			what += "; **left out**: " + brief(e.LeftOut)
		}
		fmt.Fprintf(out, "| %s | %s | %s |\n", escape(e.Name), escape(what), escape(e.Version))
	}
}

// markdown writes the section of c.
func (c Chart) markdown(out io.Writer) {
	fmt.Fprintf(out, "\n## %s\n\n", escape(c.heading()))
	fmt.Fprintf(out, "| %s |%s\n|---|%s\n", escape(c.Axis), cells(c.Columns), strings.Repeat("---|", len(c.Columns)))
	for i, r := range c.Rows {
		var texts []string
		for k, cell := range r.Cells {
			text := cell.String()
			if c.best(k) == i {
				text = "**" + text + "**"
			}
			texts = append(texts, text)
		}
		fmt.Fprintf(out, "| %s |%s\n", escape(r.Competitor), cells(texts))
	}
	if c.Note != "" {
		fmt.Fprintf(out, "\n%s\n", escape(c.Note))
	}
	if lines := c.failures(); len(lines) > 0 {
		fmt.Fprintln(out)
		for _, line := range lines {
			fmt.Fprintf(out, "- %s\n", escape(line))
		}
	}
	fmt.Fprintf(out, "\n![%s](%s.svg)\n", escape(c.Title), c.Name)
}

func cells(texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		fmt.Fprintf(&b, " %s |", t)
	}
	return b.String()
}

// escape keeps s from being read as part of a table or as HTML.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(s)
}
