package keepalived

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// A group is a virtual_server_group: what a virtual_server that names it is a
// service for.
type group struct {
	at      position
	name    string
	entries []entry
	used    bool
}

// An entry is a line of a group: the addresses of a range, or a mark.
type entry struct {
	at          position
	first, last netip.Addr
	port        uint16

	mark   uint32
	family netip.Addr // of the mark, if the line says so
}

// maxRange is how many addresses a line may have, each a service of its own.
const maxRange = 4096

// group reads a group and remembers it.
func (t *translation) group(s *statement) {
	g := &group{at: s.at, name: s.arg(1)}
	for _, line := range s.body {
		e, err := parseEntry(line)
		if err != nil {
			t.notes.add(line.at, "%s: %v: left out", line, err)
			continue
		}
		g.entries = append(g.entries, e)
	}
	if _, ok := t.groups[g.name]; ok {
		t.notes.add(s.at, "%s: there is a group of this name: left out", s)
		return
	}
	t.groups[g.name] = g
}

// unused notes the groups that no virtual_server names.
func (t *translation) unused() {
	for _, g := range t.groups {
		if !g.used {
			t.notes.add(g.at, "virtual_server_group %s: no virtual_server names it", g.name)
		}
	}
}

// parseEntry reads "ADDRESSES PORT" or "fwmark MARK FAMILY", where the last word can
// be missing.
func parseEntry(s *statement) (e entry, err error) {
	e.at = s.at
	if s.keyword() == "fwmark" {
		if e.mark, err = parseMark(s.arg(1)); err == nil && s.arg(2) != "" {
			e.family, err = parseFamily(s.arg(2))
		}
		return e, err
	}
	if e.first, e.last, err = parseRange(s.keyword()); err != nil {
		return e, err
	}
	n := 1
	for a := e.first; a != e.last; a = a.Next() {
		if n++; n > maxRange {
			return e, fmt.Errorf("a range of more than %d addresses", maxRange)
		}
	}
	e.port, err = parsePort(s.arg(1))
	return e, err
}

// parseMark reads a firewall mark.
func parseMark(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("mark %q must be a number from 1 to %d", text, uint32(math.MaxUint32))
	}
	return uint32(n), nil
}

// parseFamily returns the address that stands for a family in the key of a mark
// service.
func parseFamily(text string) (netip.Addr, error) {
	switch text {
	case "inet":
		return netip.IPv4Unspecified(), nil
	case "inet6":
		return netip.IPv6Unspecified(), nil
	}
	return netip.Addr{}, fmt.Errorf("family %q must be inet or inet6", text)
}

// parseRange reads an address or a range: 192.0.2.8/29, 192.0.2.1-10,
// 192.0.2.250-192.0.3.5 and the same for IPv6, where a last number alone is
// hexadecimal.
func parseRange(text string) (first, last netip.Addr, err error) {
	if strings.Contains(text, "/") {
		return parsePrefix(text)
	}
	from, to, isRange := strings.Cut(text, "-")
	if first, err = netip.ParseAddr(from); err != nil {
		return first, last, fmt.Errorf("%q must be an IP address or a range of them", text)
	}
	switch {
	case !isRange:
		return first, first, nil
	case strings.ContainsAny(to, ".:"):
		last, err = netip.ParseAddr(to)
	default:
		last, err = lastNumber(first, to)
	}
	if err != nil || last.BitLen() != first.BitLen() || last.Zone() != first.Zone() || last.Less(first) {
		return first, last, fmt.Errorf("%q must end after it begins", text)
	}
	return first, last, nil
}

// parsePrefix returns the first and the last address of a network.
func parsePrefix(text string) (first, last netip.Addr, err error) {
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Masked() != p {
		return first, last, fmt.Errorf("%q must be the first address of a network and its length", text)
	}
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < p.Addr().BitLen(); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ = netip.AddrFromSlice(b)
	return p.Addr(), last, nil
}

// lastNumber returns first with another number at its end.
func lastNumber(first netip.Addr, text string) (netip.Addr, error) {
	base, bits := 10, 8
	if first.Is6() {
		base, bits = 16, 16
	}
	n, err := strconv.ParseUint(text, base, bits)
	b := first.AsSlice()
	if bits == 8 {
		b[len(b)-1] = byte(n)
	} else {
		binary.BigEndian.PutUint16(b[len(b)-2:], uint16(n))
	}
	last, _ := netip.AddrFromSlice(b)
	return last.WithZone(first.Zone()), err
}
