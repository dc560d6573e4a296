package config

import (
	"slices"
	"strconv"
	"strings"
)

// A note is what the comments at one place of a file say, line by line. An empty
// line among them is one of the file.
type note struct {
	above  []string
	beside []string // behind it in its line
	below  []string // in front of an empty line, as what is out of use often is
}

// all returns what n says, wherever.
func (n *note) all() []string { return slices.Concat(n.above, n.beside, n.below) }

// notes are all comments of a file.
type notes struct {
	head, tail []string
	at         map[string]*note // by the identity of what they stand at
	order      []string         // of those identities
}

// readNotes returns the comments of src, which is a file that says c.
func readNotes(src string, c *Config) *notes {
	s := scanLines(src)
	r := &noteReader{anchors: s.anchors, lines: strings.Split(src, "\n"), config: c, notes: notes{at: make(map[string]*note)}}
	for i := 0; i < len(s.comments); {
		if k := s.comments[i]; !k.alone {
			n := r.note(r.beside(k.line))
			n.beside = append(n.beside, k.text)
			i++
			continue
		}
		// Those that follow with nothing but empty lines between are one.
		end := i + 1
		for end < len(s.comments) && s.comments[end].alone && r.emptyBetween(s.comments[end-1].line, s.comments[end].line) {
			end++
		}
		r.block(s.comments[i:end])
		i = end
	}
	return &r.notes
}

// A noteReader finds out what comments stand at.
type noteReader struct {
	anchors []anchor
	lines   []string
	next    int // the first anchor behind the comments so far
	config  *Config
	notes   notes
}

// line returns a line, counted from 1; beyond the ends all are empty.
func (r *noteReader) line(n int) string {
	if n < 1 || n > len(r.lines) {
		return ""
	}
	return strings.Trim(r.lines[n-1], blank)
}

// emptyBetween reports whether all lines between two are.
func (r *noteReader) emptyBetween(first, last int) bool {
	for n := first + 1; n < last; n++ {
		if r.line(n) != "" {
			return false
		}
	}
	return true
}

// seek moves next to the first anchor behind a line.
func (r *noteReader) seek(line int) {
	for r.next < len(r.anchors) && r.anchors[r.next].line <= line {
		r.next++
	}
}

// note returns the note at an anchor; without one, a note that nobody reads.
func (r *noteReader) note(i int) *note {
	if i < 0 || i >= len(r.anchors) {
		return new(note)
	}
	id := identity(r.anchors[i].path, r.config)
	n := r.notes.at[id]
	if n == nil {
		n = new(note)
		r.notes.at[id] = n
		r.notes.order = append(r.notes.order, id)
	}
	return n
}

// beside returns the anchor of a comment that is not alone in its line: the
// first of the line, or where there is none, as behind a closing bracket, the
// last one before.
func (r *noteReader) beside(line int) int {
	r.seek(line)
	i := r.next - 1
	for i > 0 && r.anchors[i].line == line && r.anchors[i-1].line == line {
		i--
	}
	return i
}

// block finds the place of comments that are alone in their lines.
func (r *noteReader) block(block []comment) {
	first, last := block[0].line, block[len(block)-1].line
	r.seek(last)
	texts, afterBlank := r.texts(block)
	if r.next > 0 && r.line(first-1) != "" && afterBlank > 0 {
		n := r.note(r.next - 1)
		n.below = append(n.below, texts[:afterBlank-1]...)
		texts, afterBlank = texts[afterBlank:], 0
	}
	switch {
	case len(texts) == 0:
	case block[0].inside && (r.next == len(r.anchors) || !r.anchors[r.next].inside):
		n := r.note(r.next - 1) // the end of a list
		n.below = append(n.below, texts...)
	case r.next == len(r.anchors):
		r.notes.tail = append(r.notes.tail, texts...)
	default:
		if r.next == 0 {
			end := lastEmpty(texts) + 1
			r.notes.head = append(r.notes.head, texts[:max(end-1, 0)]...)
			texts = texts[end:]
		}
		n := r.note(r.next)
		n.above = append(n.above, texts...)
	}
}

// texts returns the lines of a block, runs of empty ones as one, and how many
// there are up to and with the first empty one behind a comment, 0 if there is
// none. Those around the block are among them.
func (r *noteReader) texts(block []comment) (texts []string, afterBlank int) {
	if r.line(block[0].line-1) == "" {
		texts = append(texts, "")
	}
	for i, k := range block {
		texts = append(texts, k.text)
		if i+1 < len(block) && block[i+1].line == k.line+1 || i+1 == len(block) && r.line(k.line+1) != "" {
			continue
		}
		texts = append(texts, "")
		if afterBlank == 0 {
			afterBlank = len(texts)
		}
	}
	return texts, afterBlank
}

// lastEmpty returns where the last empty text is, or -1.
func lastEmpty(texts []string) int {
	for i := len(texts) - 1; i >= 0; i-- {
		if texts[i] == "" {
			return i
		}
	}
	return -1
}

// idSeparator is between the parts of an identity: no key has it.
const idSeparator = "\x00"

// identity returns what a path of a file that says c is about, wherever it comes
// in the file: services, real servers and mark rules go by their keys.
func identity(path string, c *Config) string {
	parts := strings.Split(path, ".")
	index := func(at, n int) (int, bool) {
		if at >= len(parts) {
			return 0, false
		}
		i, err := strconv.Atoi(parts[at])
		return i, err == nil && i >= 0 && i < n
	}
	switch parts[0] {
	case "mark":
		if i, ok := index(1, len(c.Marks)); ok {
			parts[1] = c.Marks[i].String()
		}
	case "service":
		i, ok := index(1, len(c.Services))
		if !ok {
			break
		}
		s := &c.Services[i]
		parts[1] = s.ServiceKey.String()
		if j, ok := index(3, len(s.Reals)); ok && parts[2] == "real" {
			parts[3] = s.Reals[j].RealKey.String()
		}
	}
	return strings.Join(parts, idSeparator)
}
