package ipvsadm

import (
	"net/netip"
	"strconv"
	"strings"

	"xlvs/config"
)

// blank are the bytes that C's isspace knows.
const blank = " \t\n\v\f\r"

// number reads a decimal number as strtol does, blanks and a sign in front of it
// allowed, and holds it against bounds.
func number(text string, least, most int64) (n int64, ok bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(text, blank), 10, 64)
	return n, err == nil && least <= n && n <= most
}

// leadingNumber reads the number that text begins with as atoi does: 0 for none.
func leadingNumber(text string) int {
	text = strings.TrimLeft(text, blank)
	end := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		text = text[:end]
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// bounded reads a number from 0 to most.
func bounded(text, complaint string, most int64, into *int) *failure {
	n, ok := number(text, 0, most)
	if !ok {
		return usage("%s", complaint)
	}
	*into = int(n)
	return nil
}

// within returns a function that only looks whether a number is within bounds.
func within(complaint string, least, most int64) func(*parser, string) *failure {
	return func(_ *parser, text string) *failure {
		if _, ok := number(text, least, most); !ok {
			return usage("%s", complaint)
		}
		return nil
	}
}

// daemonState returns a function that looks whether the argument is a state of
// the synchronization daemon.
func daemonState(complaint string) func(*parser, string) *failure {
	return func(_ *parser, text string) *failure {
		if text != "master" && text != "backup" {
			return usage("%s", complaint)
		}
		return nil
	}
}

// readGroup looks whether the argument is a multicast address.
func (p *parser) readGroup(text string) *failure {
	if strings.Contains(text, ":") {
		if a, err := netip.ParseAddr(text); err != nil || !a.IsMulticast() {
			return usage("invalid IPv6 mcast-group `%s'", text)
		}
		return nil
	}
	if a, ok := dotted(text); !ok || !a.IsMulticast() {
		return usage("invalid IPv4 mcast-group `%s'", text)
	}
	return nil
}

// parseLocal reads "192.0.2.5", "192.0.2.5:1024-65535" or, of IPv6,
// "[2001:db8::5]:2000", with numbers as ipvsadm takes them. Without ports it returns
// none, since -Q means any then.
func parseLocal(text string) (l config.LocalRange, ok bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return config.LocalRange{Addr: a}, a.Zone() == ""
	}
	first, last, isRange := strings.Cut(text, "-")
	from, err := netip.ParseAddrPort(first)
	if err != nil || from.Port() == 0 || from.Addr().Zone() != "" {
		return l, false
	}
	l = config.LocalRange{Addr: from.Addr(), First: from.Port(), Last: from.Port()}
	if isRange {
		n, ok := number(last, int64(l.First), 65535)
		if !ok {
			return l, false
		}
		l.Last = uint16(n)
	}
	return l, true
}
