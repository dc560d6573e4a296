package iptables

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// A notebook has the notes of each line. A packet may pass a line on many ways,
// which has the same to say each time.
type notebook map[int][]string

// add makes a note about a line.
func (n notebook) add(line int, format string, args ...any) {
	text := printable(fmt.Sprintf(format, args...))
	if !slices.Contains(n[line], text) {
		n[line] = append(n[line], text)
	}
}

// list returns the notes in the order of their lines.
func (n notebook) list(file string) (notes []Note) {
	for _, line := range slices.Sorted(maps.Keys(n)) {
		for _, text := range n[line] {
			notes = append(notes, Note{File: file, Line: line, Text: text})
		}
	}
	return notes
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
