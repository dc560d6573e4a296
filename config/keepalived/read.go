package keepalived

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// The bounds of what is read, so that a file that refers to itself ends in an
// error and not in exhaustion.
const (
	maxLine  = 16 << 10 // bytes
	maxLines = 1 << 18  // in all files and from all definitions
	maxSize  = 64 << 20 // bytes, likewise
	maxDepth = 32       // of files in files, and of definitions in definitions
)

// A reader turns files into statements: it does what keepalived does to a line
// before it looks for keywords.
type reader struct {
	files       Files
	notes       *notes
	definitions map[string]definition
	growing     string   // the definition that goes on with the next line
	open        []string // the files being read, the outermost first
	lines, size int      // how much was read
	tree        tree
}

// read reads one file, which may include others.
func (r *reader) read(name string, src io.Reader) error {
	at := position{file: name}
	r.open = append(r.open, name)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	s := bufio.NewScanner(src)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		at.line++
		at.order = r.lines
		if err := r.raw(at, s.Text()); err != nil {
			return err
		}
	}
	r.growing = ""
	at.line++
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return at.errorf("%w: a line of more than %d bytes", ErrLimit, maxLine)
	} else if s.Err() != nil {
		return at.errorf("read: %w", s.Err())
	}
	return nil
}

// raw takes a line of a file.
func (r *reader) raw(at position, line string) error {
	text, ok := uncomment(line)
	switch {
	case !ok:
		return at.errorf("%w: a quotation mark without its other", ErrSyntax)
	case line == "":
		r.growing = ""
		return nil
	case r.growing != "":
		r.extend(text)
		return nil
	}
	return r.line(at, text, 0)
}

// uncomment returns a line without its comment and the blanks around it. It
// reports false if a quotation is not closed.
func uncomment(text string) (string, bool) {
	quoted, kept := false, make([]byte, 0, len(text))
scan:
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(text):
			i++
			if quoted || text[i] != '#' && text[i] != '!' {
				kept = append(kept, c)
			}
			c = text[i]
		case !quoted && (c == '#' || c == '!'):
			break scan
		}
		kept = append(kept, c)
	}
	return strings.TrimSpace(string(kept)), !quoted
}

// line takes a line without its comment, at depth as many definitions deep.
func (r *reader) line(at position, text string, depth int) error {
	r.lines++
	if r.size += len(text); r.lines > maxLines || r.size > maxSize {
		return at.errorf("%w: more than %d lines or %d bytes", ErrLimit, maxLines, maxSize)
	}
	if depth > maxDepth || len(text) > maxLine {
		return at.errorf("%w: the definitions used here have no end", ErrLimit)
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil
	case text[0] == '@':
		return r.conditional(at, text, depth)
	case strings.HasPrefix(text, "~SEQ"), strings.HasPrefix(text, "~LST"):
		return r.repeat(at, text, depth)
	}
	if pattern, ok := included(text); ok {
		return r.include(at, pattern)
	}
	if name, value, ok := defined(text); ok {
		r.define(name, value)
		return nil
	}
	lines, changed := r.substitute(text)
	if !changed {
		return r.tree.line(at, text)
	}
	for _, l := range lines {
		if err := r.line(at, l, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// conditional takes a line for one configuration id alone, or for all others.
// The import is for an id that no line names: then braces are in pairs as they
// are for each host.
func (r *reader) conditional(at position, text string, depth int) error {
	condition, rest := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		condition, rest = text[:i], text[i+1:]
	}
	if strings.HasPrefix(condition, "@^") {
		r.notes.add(at, "%s: taken over as for a host of another name", clip(text))
		return r.line(at, rest, depth+1)
	}
	r.notes.add(at, "%s: left out as for a host of another name", clip(text))
	return nil
}
