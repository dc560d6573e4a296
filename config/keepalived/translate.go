package keepalived

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"xlvs/config"
)

// A translation turns statements into a configuration. What it has no place for
// it notes.
type translation struct {
	notes  *notes
	config *config.Config
	groups map[string]*group
	keys   map[config.ServiceKey]bool // of the services
}

// file takes all statements: the groups first, as a virtual_server may come
// before the group that it names.
func (t *translation) file(statements []*statement) error {
	for _, s := range statements {
		if s.keyword() == "virtual_server_group" {
			t.group(s)
		}
	}
	for _, s := range statements {
		switch s.keyword() {
		case "virtual_server_group": // done
		case "virtual_server":
			if err := t.virtual(s); err != nil {
				return err
			}
		case "global_defs":
			t.globals(s)
		default:
			t.leave(s, rootReasons)
		}
	}
	t.unused()
	return nil
}

// globals takes what global_defs has of IPVS itself.
func (t *translation) globals(s *statement) {
	for _, g := range s.body {
		if g.keyword() == "lvs_timeouts" {
			t.timeouts(g)
		} else {
			t.leave(g, globalReasons)
		}
	}
}

// timeouts takes "lvs_timeouts tcp SECS tcpfin SECS udp SECS".
func (t *translation) timeouts(s *statement) {
	to := map[string]*time.Duration{
		"tcp": &t.config.Timeouts.TCP, "tcpfin": &t.config.Timeouts.TCPFin, "udp": &t.config.Timeouts.UDP,
	}
	for i := 1; i < len(s.words); i += 2 {
		d := to[s.words[i]]
		if d == nil {
			t.notes.add(s.at, "%s: %q must be tcp, tcpfin or udp", s, s.words[i])
			return
		}
		if s.arg(i+1) == "0" { // leave it, as with ipvsadm
			continue
		}
		if n, ok := t.number(s, i+1, 1, int(config.MaxTimeout/time.Second)); ok {
			*d = time.Duration(n) * time.Second
		}
	}
}

// number reads the i-th argument of s, which must be from lo to hi. Anything
// else is noted, and has no effect.
func (t *translation) number(s *statement, i, lo, hi int) (int, bool) {
	n, err := strconv.Atoi(s.arg(i))
	if err != nil || n < lo || n > hi {
		t.notes.add(s.at, "%s: %q must be a number from %d to %d: left out", s, s.arg(i), lo, hi)
		return 0, false
	}
	return n, true
}

// parsePort reads a port that may be missing; keepalived takes 0 for missing.
func parsePort(text string) (uint16, error) {
	if strings.Trim(text, "0") == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("port %q must be a number from 1 to 65535", text)
	}
	return uint16(n), nil
}

// parseEndpoint reads an address and a port that may be missing.
func parseEndpoint(host, port string) (netip.Addr, uint16, error) {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return a, 0, fmt.Errorf("%q must be an IP address", host)
	}
	p, err := parsePort(port)
	return a, p, err
}
