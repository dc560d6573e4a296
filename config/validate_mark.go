package config

import (
	"fmt"
	"math"
	"net/netip"
)

// checkMarks reports what is wrong with the rules that give marks.
func (c *Config) checkMarks(r reporter) {
	first := make(map[string]int)
	for i := range c.Marks {
		m := &c.Marks[i]
		mr := r.inside(fmt.Sprintf("mark.%d", i), fmt.Sprintf("mark rule %d", i+1))
		m.check(mr)
		if m.Interface != "" {
			mr.check("interface", c.Dataplane.checkForeign(m.Interface))
		}
		if j, ok := first[m.String()]; ok {
			mr("", fmt.Errorf("%w: the same as rule %d", ErrDuplicateMark, j+1))
		} else if m.Mark != 0 && m.Destination.IsValid() {
			first[m.String()] = i
		}
	}
}

// check reports what is wrong with m by itself. A rule must have a destination:
// it is by these that the classifier knows which packets are the director's.
func (m *Mark) check(r reporter) {
	r.check("mark", within("mark", m.Mark, 1, math.MaxUint32))
	r.check("destination", checkPrefix("destination", m.Destination))
	if m.Source != (netip.Prefix{}) {
		r.check("source", checkPrefix("source", m.Source))
		if m.Source.Addr().Is4() != m.Destination.Addr().Is4() && m.Source.IsValid() && m.Destination.IsValid() {
			r("source", fmt.Errorf("source %v: %w: the destination is %v", m.Source, ErrAddressFamily, m.Destination))
		}
	}
	if _, ok := nameOf(protocolWords[:], m.Protocol); !ok && m.Protocol != 0 {
		r("protocol", unknownProtocol(m.Protocol))
	}
	r.check("ports", checkPorts("ports", m.Ports))
	r.check("source_ports", checkPorts("source_ports", m.SourcePorts))
}

// checkPrefix checks the addresses that a rule is about.
func checkPrefix(key string, p netip.Prefix) error {
	objection := ""
	switch a := p.Addr(); {
	case !p.IsValid():
		objection = "must be an IPv4 or IPv6 prefix"
	case a.Is4In6():
		objection = "must be written as IPv4"
	case a.IsMulticast():
		objection = "must be unicast"
	case p != p.Masked():
		objection = fmt.Sprintf("has bits beyond its length: must be %v or /%d", p.Masked(), a.BitLen())
	default:
		return nil
	}
	return fmt.Errorf("%s %v: %w: %s", key, p, ErrAddress, objection)
}

// checkPorts checks that each range begins before it ends.
func checkPorts(key string, ranges []PortRange) error {
	for _, r := range ranges {
		if r.First > r.Last {
			return fmt.Errorf("%s %v: %w: the first must not be above the last", key, r, ErrRange)
		}
	}
	return nil
}
