package config

import (
	"net/netip"
	"strconv"
	"strings"

	"xlvs/lvs"
)

// A Mark is a rule that gives packets a firewall mark: it takes the place of
// netfilter's, which no packet passes on its way to a director. A packet must
// match all that the rule names.
type Mark struct {
	Mark        uint32
	Source      netip.Prefix // zero: any of the destination's family
	Destination netip.Prefix
	Protocol    lvs.Protocol // 0: any that services have
	SourcePorts []PortRange  // none: any
	Ports       []PortRange  // the destination's; none: any
	Interface   string       // where the packet comes in; empty: any
}

// A PortRange is a range of ports, both ends included.
type PortRange struct{ First, Last uint16 }

// String returns the rule for a log line:
// "mark 5: from 198.51.100.0/24 to 192.0.2.1 tcp ports 80,443 on eth0". No two
// rules that differ have the same.
func (m Mark) String() string {
	var b strings.Builder
	b.WriteString("mark " + strconv.FormatUint(uint64(m.Mark), 10) + ":")
	part := func(label, text string) {
		if text != "" {
			b.WriteString(" " + label + text)
		}
	}
	part("from ", prefixText(m.Source))
	part("source ports ", portsText(m.SourcePorts))
	part("to ", prefixText(m.Destination))
	if name, ok := nameOf(protocolWords[:], m.Protocol); ok {
		part("", name)
	}
	part("ports ", portsText(m.Ports))
	part("on ", m.Interface)
	return b.String()
}

// gives reports whether packets of the service k, one by mark, can get their mark
// from m.
func (m *Mark) gives(k ServiceKey) bool {
	return m.Mark == k.Mark && m.Destination.Addr().Is4() == k.VIP.Is4()
}

// prefixText returns p as a file has it: an address alone without its length.
func prefixText(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return ""
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// parsePorts reads a list of ports and ranges: "80,443,8000-8080". That a range
// begins before it ends is for Validate to say.
func parsePorts(text string) (ranges []PortRange, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		lo, errFirst := strconv.ParseUint(first, 10, 16)
		hi, errLast := strconv.ParseUint(last, 10, 16)
		if errFirst != nil || errLast != nil {
			return nil, false
		}
		ranges = append(ranges, PortRange{uint16(lo), uint16(hi)})
	}
	return ranges, true
}

// portsText returns what parsePorts reads; nothing for no ranges.
func portsText(ranges []PortRange) string {
	parts := make([]string, len(ranges))
	for i, r := range ranges {
		parts[i] = r.String()
	}
	return strings.Join(parts, ",")
}

// String returns the range as a file has it: "80" or "8000-8080".
func (r PortRange) String() string {
	first := strconv.Itoa(int(r.First))
	if r.First == r.Last {
		return first
	}
	return first + "-" + strconv.Itoa(int(r.Last))
}
