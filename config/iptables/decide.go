package iptables

import (
	"slices"
	"strings"

	"xlvs/config"
)

// decide returns the entries at the end of the walk as marks, of which the first
// that a packet matches decides as well. Entries without a mark have no place
// there: what they take from a later one in part is noted.
func (w *walker) decide() (marks []config.Mark) {
	var before []entry
	for _, e := range w.live {
		if slices.ContainsFunc(before, func(b entry) bool { return covers(b.Mark, e.Mark) }) {
			continue // no packet comes so far
		}
		if e.Mark.Mark != 0 && w.valid(e) {
			w.compare(e, before)
			marks = append(marks, e.Mark)
		}
		before = append(before, e)
	}
	return marks
}

// valid reports whether a configuration can have e.
func (w *walker) valid(e entry) bool {
	c := config.Default()
	c.Marks = []config.Mark{e.Mark}
	if err := c.Validate(); err != nil {
		w.noted.add(e.line, "left out: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return false
	}
	if e.Destination.Bits() == 0 {
		w.noted.add(e.line, "%v: it has no destination: all packets that come in go through the director, better name the VIPs", e.Mark)
	}
	return true
}

// compare notes which entries before e let packets through to it that should
// have no mark.
func (w *walker) compare(e entry, before []entry) {
	for _, b := range before {
		if _, ok := common(b.Mark, e.Mark); ok && b.Mark.Mark == 0 {
			w.noted.add(e.line, "%v: packets that line %d leaves without a mark have this one here", e.Mark, b.line)
		}
	}
}
