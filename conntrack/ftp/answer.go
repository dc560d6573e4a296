package ftp

import (
	"bytes"
	"strconv"

	"xlvs/lvs"
)

// An Answer is what a server announces, and where in the payload it does so.
type Answer struct {
	Endpoint
	Start, End int // the bytes that AppendEndpoint replaces are payload[Start:End]
}

// ReadAnswer reads the payload of a packet from the server, while an answer in
// mode m is awaited. It reports false if the payload is not that answer.
func ReadAnswer(payload []byte, m Mode) (a Answer, ok bool) {
	switch {
	case m == Passive && begins(payload, "227 "):
		a, ok = readPassive(payload)
	case m == ExtendedPassive && begins(payload, "229 "):
		a, ok = readExtended(payload)
	}
	if !ok {
		return Answer{}, false
	}
	return a, true
}

// readPassive reads a 227. RFC 959 leaves open what stands before the address;
// nearly every server has a parenthesis there, but any text without a digit will
// do.
func readPassive(b []byte) (a Answer, ok bool) {
	start := len("227 ")
	for start < len(b) && b[start] != '(' && !isDigit(b[start]) {
		start++
	}
	for start < len(b) && b[start] == '(' {
		start++
	}
	e, n, ok := readNumbers(b[start:])
	return Answer{e, start, start + n}, ok
}

// readExtended reads a 229: three delimiters, the port, a delimiter.
func readExtended(b []byte) (a Answer, ok bool) {
	start := bytes.IndexByte(b, '(') + 1
	if start == 0 || start+3 > len(b) {
		return a, false
	}
	d := b[start]
	if !isDelimiter(d) || b[start+1] != d || b[start+2] != d {
		return a, false
	}
	port, n, ok := readPort(b[start+3:], d)
	return Answer{Endpoint{Port: port}, start, start + 3 + n}, ok
}

// MaxEndpoint is the length of the longest text that AppendEndpoint appends.
const MaxEndpoint = len("255,255,255,255,255,255")

// AppendEndpoint appends to b the text that announces e in an answer of mode m:
// "h1,h2,h3,h4,p1,p2" of an IPv4 address in mode Passive, "|||port|" in mode
// ExtendedPassive, and nothing in others.
func AppendEndpoint(b []byte, m Mode, e Endpoint) []byte {
	switch m {
	case Passive:
		return appendNumbers(b, e.Addr, e.Port)
	case ExtendedPassive:
		b = append(b, "|||"...)
		b = strconv.AppendUint(b, uint64(e.Port), 10)
		return append(b, '|')
	}
	return b
}

// appendNumbers appends the bytes of an address and a port, with commas between.
func appendNumbers(b []byte, a lvs.Addr, port uint16) []byte {
	all := uint64(a.V4())<<16 | uint64(port)
	for shift := 40; shift > 0; shift -= 8 {
		b = strconv.AppendUint(b, all>>shift&0xff, 10)
		b = append(b, ',')
	}
	return strconv.AppendUint(b, all&0xff, 10)
}
