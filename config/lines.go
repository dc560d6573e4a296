package config

import (
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// indexLines returns the line of every key, table and array element of src by
// its path, such as "service.1.real.0.port": the TOML library tells lines for
// its own errors only. src is a document that the library has accepted, so this
// looks for structure and checks nothing. What is deeper than maxDepth has no path
// of its own.
func indexLines(src string) map[string]int { return scanLines(src).lines }

// scanLines walks over src to its end.
func scanLines(src string) *lineScanner {
	s := &lineScanner{src: src, line: 1, lines: make(map[string]int), elems: make(map[string]int)}
	prefix := ""
	for s.skip(blank); s.pos < len(s.src); s.skip(blank) {
		if s.at('[') {
			prefix = s.header()
		} else {
			s.pair(prefix)
		}
	}
	return s
}

// maxDepth bounds the length of paths, so that a hostile file costs no more than
// its size. The deepest paths of ours, service.0.real.0.port and, an interface's
// name having dots, dataplane.interface.eth0.100.mode, are shorter.
const maxDepth = 8

// What may stand between two tokens.
const (
	space     = " \t"
	blank     = " \t\r\n"
	separator = " \t\r\n,"
)

// A lineScanner walks over a TOML document and notes the lines of its paths.
type lineScanner struct {
	src     string
	pos     int
	line    int            // line of src[counted]
	counted int            // how far line has been counted
	lines   map[string]int // the result
	elems   map[string]int // elements so far, by the path of an array of tables

	depth    int       // how many values on the way are not at their end
	anchors  []anchor  // every header, key and array element, as they come
	comments []comment // likewise
}

// at reports whether the next byte is c.
func (s *lineScanner) at(c byte) bool { return s.pos < len(s.src) && s.src[s.pos] == c }

// skip moves past the bytes of set, and past comments if set goes over lines.
func (s *lineScanner) skip(set string) {
	for s.pos < len(s.src) {
		switch {
		case strings.IndexByte(set, s.src[s.pos]) >= 0:
			s.pos++
		case s.at('#') && set != space:
			s.comment()
		default:
			return
		}
	}
}

// to moves to the next byte out of set, or to the end.
func (s *lineScanner) to(set string) {
	if n := strings.IndexAny(s.src[s.pos:], set); n >= 0 {
		s.pos += n
	} else {
		s.pos = len(s.src)
	}
}

// count makes line that of pos.
func (s *lineScanner) count() {
	s.line += strings.Count(s.src[s.counted:s.pos], "\n")
	s.counted = s.pos
}

// mark notes the current line as that of path, unless path has one.
func (s *lineScanner) mark(path string) {
	s.count()
	if _, ok := s.lines[path]; !ok {
		s.lines[path] = s.line
	}
}

// under returns the path of key in the table at path, and marks it.
func (s *lineScanner) under(path, key string) string {
	if strings.Count(path, ".") >= maxDepth-1 {
		return path
	}
	path = join(path, key)
	s.mark(path)
	return path
}

// header takes "[a.b]" or "[[a.b]]" and returns the path of the table that it
// opens. A name on the way that is an array of tables means its last element.
func (s *lineScanner) header() (path string) {
	s.pos++
	array := s.at('[')
	if array {
		s.pos++
	}
	keys := s.key()
	for i, k := range keys {
		path = s.under(path, k)
		if array && i == len(keys)-1 {
			s.elems[path]++
		}
		if n := s.elems[path]; n > 0 {
			path = s.under(path, strconv.Itoa(n-1))
		}
	}
	s.anchor(path)
	s.to("#\n") // only the brackets and a comment are left
	return path
}

// pair takes "key = value" inside the table at path.
func (s *lineScanner) pair(path string) {
	start := s.pos
	for _, k := range s.key() {
		path = s.under(path, k)
	}
	s.anchor(path)
	if s.at('=') {
		s.pos++
	}
	s.depth++
	s.skip(blank)
	s.value(path)
	s.depth--
	if s.pos == start { // not TOML after all: get on nevertheless
		s.pos++
	}
}

// key takes a key and the blanks behind it, and returns its dotted parts.
func (s *lineScanner) key() (parts []string) {
	for {
		s.skip(space)
		if s.at('"') || s.at('\'') {
			start := s.pos
			text := s.quoted()
			if s.src[start] == '"' && strings.Contains(text, `\`) {
				text = unescape(s.src[start:s.pos])
			}
			parts = append(parts, text)
		} else {
			start := s.pos
			s.to(" \t\r\n.=]")
			parts = append(parts, s.src[start:s.pos])
		}
		s.skip(space)
		if !s.at('.') {
			return parts
		}
		s.pos++
	}
}

// unescape returns what a key in double quotes says; as it stands, if nobody can
// read it. Of ours only an interface with a strange name needs escapes.
func unescape(quoted string) string {
	var v struct{ Text string }
	if _, err := toml.Decode("Text = "+quoted, &v); err != nil {
		return quoted
	}
	return v.Text
}

// value takes the value at path and whatever it holds.
func (s *lineScanner) value(path string) {
	switch {
	case s.at('"'), s.at('\''):
		s.quoted()
	case s.at('['):
		s.array(path)
	case s.at('{'):
		s.pos++
		for s.skip(separator); s.pos < len(s.src) && !s.at('}'); s.skip(separator) {
			s.pair(path)
		}
		s.pos = min(s.pos+1, len(s.src))
	default:
		s.to(",]}#\r\n")
	}
}

// array takes the array at path, marking every element.
func (s *lineScanner) array(path string) {
	s.pos++
	s.skip(separator)
	for i := 0; s.pos < len(s.src) && !s.at(']'); i++ {
		start := s.pos
		elem := s.under(path, strconv.Itoa(i))
		s.anchor(elem)
		s.value(elem)
		if s.pos == start { // not TOML after all: get on nevertheless
			s.pos++
		}
		s.skip(separator)
	}
	s.pos = min(s.pos+1, len(s.src))
}

// quoted takes a string of any of TOML's four kinds and returns what is between
// the quotes.
func (s *lineScanner) quoted() string {
	quote := s.src[s.pos]
	end := string(quote)
	if triple := strings.Repeat(end, 3); strings.HasPrefix(s.src[s.pos:], triple) {
		end = triple
	}
	s.pos += len(end)
	start := s.pos
	for s.pos < len(s.src) && !strings.HasPrefix(s.src[s.pos:], end) {
		if quote == '"' && s.at('\\') {
			s.pos++
		}
		s.pos++
	}
	s.pos = min(s.pos, len(s.src))
	text := s.src[start:s.pos]
	s.pos = min(s.pos+len(end), len(s.src))
	for len(end) == 3 && s.at(quote) { // up to two quotes may belong to the text
		s.pos++
	}
	return text
}

// join returns the path of key in the table at path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
