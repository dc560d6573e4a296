package config

import "strings"

// An anchor is what a comment can stand at.
type anchor struct {
	line   int
	path   string
	inside bool // of the value of a key
}

// A comment is one line of it, from its '#' on.
type comment struct {
	line   int
	text   string
	alone  bool // in its line
	inside bool // of the value of a key
}

// comment takes the rest of the line, which is one.
func (s *lineScanner) comment() {
	s.count()
	before := s.src[strings.LastIndexByte(s.src[:s.pos], '\n')+1 : s.pos]
	start := s.pos
	s.to("\n")
	text := strings.TrimRight(s.src[start:s.pos], blank)
	s.comments = append(s.comments, comment{s.line, text, strings.Trim(before, blank) == "", s.depth > 0})
}

// anchor notes that comments can stand here, at path.
func (s *lineScanner) anchor(path string) {
	s.anchors = append(s.anchors, anchor{s.line, path, s.depth > 0})
}
