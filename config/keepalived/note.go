package keepalived

import (
	"cmp"
	"fmt"
	"slices"

	"xlvs/config"
)

// A position is a line of a file, and how many were read before it in all files
// together.
type position struct {
	file  string
	line  int
	order int
}

// errorf returns an error about the position.
func (p position) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", p.file, p.line, fmt.Errorf(format, args...))
}

// notes collects each Note once: a line that is used many times, as in a
// sequence, has the same to say each time.
type notes struct {
	all  []ordered
	seen map[config.Note]bool
}

// An ordered Note knows its place among the others.
type ordered struct {
	config.Note
	order int
}

func newNotes() *notes { return &notes{seen: make(map[config.Note]bool)} }

// add makes a note about a line.
func (n *notes) add(at position, format string, args ...any) {
	note := config.NewNote(at.file, at.line, format, args...)
	if !n.seen[note] {
		n.seen[note] = true
		n.all = append(n.all, ordered{note, at.order})
	}
}

// list returns the notes in the order of their lines.
func (n *notes) list() (list []config.Note) {
	slices.SortStableFunc(n.all, func(a, b ordered) int { return cmp.Compare(a.order, b.order) })
	for _, note := range n.all {
		list = append(list, note.Note)
	}
	return list
}
