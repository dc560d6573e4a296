package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A LocalRange is a local address, from which the director itself speaks to
// fullnat real servers, and the ports that it may take there. Each real server
// has all of them, each port for one connection at a time.
type LocalRange struct {
	Addr        netip.Addr
	First, Last uint16 // both ends included
}

// The ports of a local address that comes without any: all that need no
// privilege.
const (
	FirstLocalPort = 1024
	LastLocalPort  = 65535
)

// LocalsOf returns the local addresses for the fullnat real servers of s, a
// service of c: its own or, if it has none, those of all.
func (c *Config) LocalsOf(s *Service) []LocalRange {
	if len(s.LocalAddresses) > 0 {
		return s.LocalAddresses
	}
	return c.LocalAddresses
}

// String returns the range as a file has it: "192.0.2.5:1024-65535" or
// "[2001:db8::5]:2000".
func (l LocalRange) String() string {
	return net.JoinHostPort(l.Addr.String(), PortRange{l.First, l.Last}.String())
}

// overlaps reports whether l and m have a port in common.
func (l LocalRange) overlaps(m LocalRange) bool {
	return l.Addr == m.Addr && l.First <= m.Last && m.First <= l.Last
}

// locals reads local addresses. One that cannot be read is left at its zero; what
// is no list is one of those.
func (t *table) locals(key string, dst *[]LocalRange) {
	var texts []string
	if t.has(key) && !t.list(key, &texts) {
		*dst = []LocalRange{{}}
		t.silence(join(key, "0"))
	}
	for i, text := range texts {
		l, ok := ParseLocalRange(text)
		if !ok {
			t.report(join(key, strconv.Itoa(i)), fmt.Errorf(
				`%s %q: %w: must be an address, or one with ports as in "192.0.2.5:1024-65535" or "[2001:db8::5]:1024-65535"`,
				key, text, ErrAddress))
		}
		*dst = append(*dst, l)
	}
}

// ParseLocalRange reads what LocalRange.String returns, or an address alone, which
// has the ports from FirstLocalPort to LastLocalPort. That a range begins before it
// ends is for Validate to say.
func ParseLocalRange(text string) (l LocalRange, ok bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return LocalRange{a, FirstLocalPort, LastLocalPort}, true
	}
	first, last, isRange := strings.Cut(text, "-")
	from, err := netip.ParseAddrPort(first)
	if err != nil || from.Addr().Zone() != "" {
		return LocalRange{}, false
	}
	l = LocalRange{from.Addr(), from.Port(), from.Port()}
	if isRange {
		to, err := strconv.ParseUint(last, 10, 16)
		if err != nil {
			return LocalRange{}, false
		}
		l.Last = uint16(to)
	}
	return l, true
}

// localTexts returns what ParseLocalRange reads, one text for each range.
func localTexts(locals []LocalRange) []string {
	texts := make([]string, len(locals)) // not nil, which Write would leave out
	for i, l := range locals {
		texts[i] = l.String()
	}
	return texts
}

// localText returns the ranges for a log line; nothing for none.
func localText(locals []LocalRange) string { return strings.Join(localTexts(locals), ",") }
