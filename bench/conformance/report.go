package conformance

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Report is the page that says how far xlvs does what the kernel does.
type Report struct {
	Kernel     string // its release
	Judgements []Judgement
	Random     RandomResult
}

// A RandomResult is what came of scripts that nobody wrote.
type RandomResult struct {
	Seed    uint64
	Played  int
	Packets int
	Once    int         // differed, and then no more: on a machine with much to do, time runs out
	Found   []Judgement // shrunk; those without a reason
}

// Add adds what came of a script, which somebody wrote or nobody.
func (r *Report) Add(j Judgement, random bool) {
	if !random {
		r.Judgements = append(r.Judgements, j)
		return
	}
	r.Random.Played++
	for i := range j.Script.Steps {
		r.Random.Packets += len(j.Script.Steps[i].Packets)
	}
}

// Summary returns r in a line.
func (r *Report) Summary() string {
	if r.Random.Played > 0 {
		return fmt.Sprintf("%d random scripts with %d packets, %d differ, %d differed once", r.Random.Played, r.Random.Packets, len(r.Random.Found), r.Random.Once)
	}
	same, known := 0, 0
	for i := range r.Judgements {
		if _, all := r.Judgements[i].WhyKnown(); r.Judgements[i].Same() {
			same++
		} else if all {
			known++
		}
	}
	return fmt.Sprintf("%d scripts: %d the same, %d differ for a reason, %d differ", len(r.Judgements), same, known, len(r.Judgements)-same-known)
}

// Write writes r in Markdown.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Conformance\n\n`go run ./bench conformance` plays scripts to the ip_vs of Linux %s and to xlvs, and compares every\nframe that leaves the director, and what `ipvsadm -Ln`, `--stats` and `-Lnc` list. This page is what it wrote.\n\n", r.Kernel)
	fmt.Fprintf(&b, "%s. Reasons are below the table.\n\n", r.Summary())
	reasons := r.table(&b)
	b.WriteString("\n## Reasons\n\n")
	for i, why := range reasons {
		fmt.Fprintf(&b, "%d. %s\n", i+1, why)
	}
	r.random(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes a line for each script, and returns the reasons that it numbers.
func (r *Report) table(b *strings.Builder) (reasons []string) {
	b.WriteString("| script | steps | result |\n|---|---|---|\n")
	list := slices.SortedFunc(slices.Values(r.Judgements), func(x, y Judgement) int { return cmp.Compare(x.Script.Name, y.Script.Name) })
	for i := range list {
		j := &list[i]
		result := "same"
		if !j.Same() {
			whys, all := j.WhyKnown()
			var numbers []string
			for _, why := range whys {
				n := slices.Index(reasons, why)
				if n < 0 {
					n, reasons = len(reasons), append(reasons, why)
				}
				numbers = append(numbers, fmt.Sprint(n+1))
			}
			result = "differs, reason " + strings.Join(numbers, ", ")
			if !all {
				result = "**differs**"
			}
		}
		fmt.Fprintf(b, "| %s | %d | %s |\n", strings.ReplaceAll(j.Script.Name, "|", `\|`), len(j.Script.Steps), result)
	}
	return reasons
}

// random writes what came of random scripts, if there were some.
func (r *Report) random(b *strings.Builder) {
	if r.Random.Played == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Random scripts\n\n%d scripts with %d packets, from seed %d. ", r.Random.Played, r.Random.Packets, r.Random.Seed)
	if len(r.Random.Found) == 0 {
		b.WriteString("All were the same, or differ for a reason above.\n")
		return
	}
	b.WriteString("These differ, in their shortest form:\n\n")
	for i := range r.Random.Found {
		j := &r.Random.Found[i]
		fmt.Fprintf(b, "```\n%v%v\n```\n", &j.Script, j.Differences)
	}
}
