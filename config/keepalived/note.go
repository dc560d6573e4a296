package keepalived

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
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
	seen map[Note]bool
}

// An ordered Note knows its place among the others.
type ordered struct {
	Note
	order int
}

func newNotes() *notes { return &notes{seen: make(map[Note]bool)} }

// add makes a note about a line.
func (n *notes) add(at position, format string, args ...any) {
	note := Note{File: at.file, Line: at.line, Text: printable(fmt.Sprintf(format, args...))}
	if !n.seen[note] {
		n.seen[note] = true
		n.all = append(n.all, ordered{note, at.order})
	}
}

// list returns the notes in the order of their lines.
func (n *notes) list() (list []Note) {
	slices.SortStableFunc(n.all, func(a, b ordered) int { return cmp.Compare(a.order, b.order) })
	for _, note := range n.all {
		list = append(list, note.Note)
	}
	return list
}

// printable returns text on one line, with what a terminal could take for a
// command replaced.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsPrint(c):
			return c
		case c == '\t':
			return ' '
		}
		return unicode.ReplacementChar
	}, text)
}
