package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A scanner reads JSON of a known shape, several times faster than package
// encoding/json. It is for what a director may have a great many of. The first
// mistake stays in err, and everything that is read behind it is zero.
//
//	for s.begin('{'); s.next('}'); {
//		switch string(s.key()) { … default: s.skip() }
//	}
type scanner struct {
	b     []byte // what has not been read
	fresh bool   // an object or array has just begun
	err   error
}

// fail notes that something else was to come.
func (s *scanner) fail(want string) {
	if s.err == nil {
		s.err = fmt.Errorf("%s expected at %.20q", want, s.b)
		if len(s.b) == 0 {
			s.err = io.ErrUnexpectedEOF
		}
	}
	s.b = nil
}

// peek returns what comes behind white space, 0 at the end.
func (s *scanner) peek() byte {
	for len(s.b) > 0 && (s.b[0] == ' ' || s.b[0] == '\n' || s.b[0] == '\r' || s.b[0] == '\t') {
		s.b = s.b[1:]
	}
	if len(s.b) == 0 {
		return 0
	}
	return s.b[0]
}

// take reads c, which must come.
func (s *scanner) take(c byte) {
	if s.peek() != c {
		s.fail(string(c))
		return
	}
	s.b = s.b[1:]
}

// begin reads what an object or array begins with.
func (s *scanner) begin(c byte) {
	s.take(c)
	s.fresh = true
}

// next reports whether another element comes before the end, which it reads.
func (s *scanner) next(end byte) bool {
	fresh := s.fresh
	s.fresh = false
	switch {
	case s.err != nil:
		return false
	case s.peek() == end:
		s.b = s.b[1:]
		return false
	case !fresh:
		s.take(',')
	}
	return s.err == nil
}

// key reads the name of a field.
func (s *scanner) key() []byte {
	k := s.text()
	s.take(':')
	return k
}

// text reads a string, which it does not copy if it has nothing to unquote.
func (s *scanner) text() []byte {
	if s.peek() != '"' {
		s.fail("string")
		return nil
	}
	n := bytes.IndexByte(s.b[1:], '"')
	if n < 0 || bytes.IndexByte(s.b[1:1+n], '\\') >= 0 {
		var text string
		s.decode(&text)
		return []byte(text)
	}
	t := s.b[1 : 1+n]
	s.b = s.b[n+2:]
	return t
}

// decode reads any value, as slowly as package encoding/json does.
func (s *scanner) decode(v any) {
	d := json.NewDecoder(bytes.NewReader(s.b))
	if err := d.Decode(v); err != nil {
		s.err = errors.Join(s.err, err)
		s.b = nil
		return
	}
	s.b = s.b[d.InputOffset():]
}

// skip reads a value that nobody wants.
func (s *scanner) skip() {
	var v json.RawMessage
	s.decode(&v)
}

// number reads a number, as its digits.
func (s *scanner) number() []byte {
	s.peek()
	n := 0
	for n < len(s.b) && (s.b[n] >= '0' && s.b[n] <= '9' || s.b[n] == '-' || s.b[n] == '.' || s.b[n] == '+' || s.b[n]|0x20 == 'e') {
		n++
	}
	if n == 0 {
		s.fail("number")
	}
	digits := s.b[:n]
	s.b = s.b[n:]
	return digits
}

// uint reads a number that is none below zero.
func (s *scanner) uint() uint64 {
	n, err := strconv.ParseUint(string(s.number()), 10, 64)
	s.note(err)
	return n
}

// int reads a whole number.
func (s *scanner) int() int {
	n, err := strconv.Atoi(string(s.number()))
	s.note(err)
	return n
}

// port reads a port.
func (s *scanner) port() uint16 {
	n, err := strconv.ParseUint(string(s.number()), 10, 16)
	s.note(err)
	return uint16(n)
}

// float reads any number.
func (s *scanner) float() float64 {
	n, err := strconv.ParseFloat(string(s.number()), 64)
	s.note(err)
	return n
}

// boolean reads true or false.
func (s *scanner) boolean() bool {
	s.peek()
	for _, text := range []string{"true", "false"} {
		if rest, ok := bytes.CutPrefix(s.b, []byte(text)); ok {
			s.b = rest
			return text == "true"
		}
	}
	s.fail("true or false")
	return false
}

// note keeps err, unless there is an earlier one.
func (s *scanner) note(err error) {
	if s.err == nil {
		s.err = err
	}
}
