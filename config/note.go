package config

import (
	"fmt"
	"strings"
	"unicode"
)

// A Note tells of something in a file of another program that was not taken over
// into a Config, or not as it stands.
type Note struct {
	File string
	Line int
	Text string // one line
}

// NewNote returns a Note. What a terminal could take for a command is replaced in
// its text, since that may quote the file.
func NewNote(file string, line int, format string, args ...any) Note {
	return Note{File: file, Line: line, Text: strings.Map(printable, fmt.Sprintf(format, args...))}
}

// String returns the note for a log line: "keepalived.conf:23: HTTP_GET: …".
func (n Note) String() string { return fmt.Sprintf("%s:%d: %s", n.File, n.Line, n.Text) }

func printable(c rune) rune {
	switch {
	case unicode.IsPrint(c):
		return c
	case c == '\t':
		return ' '
	}
	return unicode.ReplacementChar
}
