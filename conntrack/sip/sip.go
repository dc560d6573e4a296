// Package sip finds the Call-ID of a SIP message.
//
// All messages of a call carry the same Call-ID, so that the persistence engine
// "sip" can send them to one destination. CallID reads no more of a datagram
// than it takes to find that one header field; it changes nothing, allocates
// nothing and remembers nothing. A message without a sound Call-ID is for the
// caller to drop.
package sip

import (
	"bytes"
	"strings"
)

// MaxCallID is the length of the longest Call-ID accepted; sync messages have no
// room for a longer one (IP_VS_PEDATA_MAXLEN).
const MaxCallID = 255

// names are the names of the header field, in full and compact (RFC 3261, 20.8).
var names = [...]string{"Call-ID", "i"}

// CallID returns the Call-ID of the SIP message in payload, as a part of it. It
// reports false if the header of the message has none, or if the first one is
// malformed, longer than MaxCallID, or not followed by the end of its line.
func CallID(payload []byte) (id []byte, ok bool) {
	payload = bytes.TrimLeft(payload, "\r\n") // RFC 3261, 7.5
	for line := nextLine(payload); len(line) > 0 && !isBreak(line[0]); line = nextLine(line) {
		value, found := fieldValue(line)
		if !found {
			continue
		}
		n := idLength(value)
		if n == 0 || n > MaxCallID || n == len(value) || !isBreak(value[n]) {
			return nil, false
		}
		return value[:n], true
	}
	return nil, false
}

// nextLine returns what follows the first line of b. Lines end with CR LF (RFC
// 3261), or with either of them (RFC 2543).
func nextLine(b []byte) []byte {
	end := bytes.IndexAny(b, "\r\n")
	if end < 0 {
		return nil
	}
	if bytes.HasPrefix(b[end:], []byte("\r\n")) {
		end++
	}
	return b[end+1:]
}

// fieldValue returns what follows the name, the colon and the space behind it,
// if line begins a Call-ID field. Before the colon there may be space too (RFC
// 3261, 7.3.1).
func fieldValue(line []byte) (value []byte, found bool) {
	for _, name := range names {
		if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
			continue
		}
		rest := bytes.TrimLeft(line[len(name):], " \t")
		if len(rest) > 0 && rest[0] == ':' {
			return skipSpace(rest[1:]), true
		}
	}
	return nil, false
}

// skipSpace returns b without the white space at its front, line breaks among
// it as long as the next line continues this one (RFC 3261, 7.3.1).
func skipSpace(b []byte) []byte {
	for {
		b = bytes.TrimLeft(b, " \t")
		if len(b) == 0 || !isBreak(b[0]) {
			return b
		}
		next := nextLine(b)
		if len(next) == 0 || next[0] != ' ' && next[0] != '\t' {
			return b
		}
		b = next
	}
}

// idLength returns the length of the Call-ID that b begins with, or 0 if it does
// not begin with one: word [ "@" word ] (RFC 3261, 25.1).
func idLength(b []byte) int {
	n := wordLength(b)
	if n == 0 || n == len(b) || b[n] != '@' {
		return n
	}
	host := wordLength(b[n+1:])
	if host == 0 {
		return 0
	}
	return n + 1 + host
}

func wordLength(b []byte) (n int) {
	for n < len(b) && isWord(b[n]) {
		n++
	}
	return n
}

// isWord reports whether c may be part of a word (RFC 3261, 25.1).
func isWord(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-.!%*_+`'~()<>:\\\"/[]?{}", c) >= 0
}

func isBreak(c byte) bool { return c == '\r' || c == '\n' }
