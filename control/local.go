package control

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"xlvs/config"
	"xlvs/control/desired"
)

// The ports of a local address that comes without any, as in the file.
const firstLocalPort, lastLocalPort = 1024, 65535

// parseLocals reads local addresses as config.LocalRange prints them; an address
// alone has all ports that need no privilege.
func parseLocals(texts []string) (locals []config.LocalRange, err error) {
	for _, text := range texts {
		l, ok := parseLocal(text)
		if !ok {
			return nil, fmt.Errorf("local address %q: %w: must be as in 192.0.2.5, 192.0.2.5:1024-65535 or [2001:db8::5]:1024-65535", text, desired.ErrInvalid)
		}
		locals = append(locals, l)
	}
	return locals, nil
}

func parseLocal(text string) (config.LocalRange, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return config.LocalRange{Addr: a, First: firstLocalPort, Last: lastLocalPort}, a.Zone() == ""
	}
	first, last, isRange := strings.Cut(text, "-")
	from, err := netip.ParseAddrPort(first)
	l := config.LocalRange{Addr: from.Addr(), First: from.Port(), Last: from.Port()}
	if err != nil || from.Addr().Zone() != "" {
		return l, false
	}
	if isRange {
		to, err := strconv.ParseUint(last, 10, 16)
		l.Last = uint16(to)
		return l, err == nil
	}
	return l, true
}
