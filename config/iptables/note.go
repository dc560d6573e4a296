package iptables

import (
	"cmp"
	"slices"

	"xlvs/config"
)

// A notebook has each Note once: a packet may pass a line on many ways, which has
// the same to say each time.
type notebook struct {
	file  string
	notes []config.Note
	seen  map[config.Note]bool
}

func newNotebook(file string) *notebook {
	return &notebook{file: file, seen: make(map[config.Note]bool)}
}

// add makes a note about a line.
func (n *notebook) add(line int, format string, args ...any) {
	if note := config.NewNote(n.file, line, format, args...); !n.seen[note] {
		n.seen[note] = true
		n.notes = append(n.notes, note)
	}
}

// list returns the notes in the order of their lines.
func (n *notebook) list() []config.Note {
	slices.SortStableFunc(n.notes, func(a, b config.Note) int { return cmp.Compare(a.Line, b.Line) })
	return n.notes
}
