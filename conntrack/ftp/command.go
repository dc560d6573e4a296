package ftp

import "bytes"

// ReadCommand reads the payload of a packet from the client. The mode is None if
// it says nothing about data connections; what an earlier command said holds
// then. The endpoint is set in mode Active. v6 is the family of the control
// connection: commands of the other one are not understood.
func ReadCommand(payload []byte, v6 bool) (Mode, Endpoint) {
	if m, found := findPassive(payload, v6); found {
		return m, Endpoint{}
	}
	if e, ok := readActive(payload, v6); ok {
		return Active, e
	}
	return None, Endpoint{}
}

// findPassive looks for PASV and EPSV wherever in b they are, as the kernel
// does. The first one found is the packet's only command, even if its mode is
// None because the director does not support it (EPSV ALL).
func findPassive(b []byte, v6 bool) (m Mode, found bool) {
	for ; len(b) >= len("EPSV\r\n"); b = b[1:] {
		switch {
		case !v6 && begins(b, "PASV\r\n"):
			return Passive, true
		case begins(b, "EPSV\r"):
			return ExtendedPassive, true
		case begins(b, "EPSV "):
			if b[5] == family(v6) && len(b) > 6 && b[6] == '\r' {
				return ExtendedPassive, true
			}
			return None, true
		}
	}
	return None, false
}

// readActive reads PORT and EPRT, with which b must begin.
func readActive(b []byte, v6 bool) (e Endpoint, ok bool) {
	switch {
	case !v6 && begins(b, "PORT "):
		e, _, ok = readNumbers(bytes.TrimLeft(b[5:], " "))
	case begins(b, "EPRT "):
		e, ok = readDelimited(bytes.TrimLeft(b[5:], " "), v6)
	}
	return e, ok
}

// begins reports whether b begins with word, in either case (RFC 959, 5.3).
func begins(b []byte, word string) bool {
	if len(b) < len(word) {
		return false
	}
	for i := range len(word) {
		c := b[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// family returns the digit of an address family (RFC 2428, 2).
func family(v6 bool) byte {
	if v6 {
		return '2'
	}
	return '1'
}
