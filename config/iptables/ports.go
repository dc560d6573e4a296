package iptables

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"xlvs/config"
)

// parsePorts reads "80", "8000:8080", ":1023" or "80,443,8000:8080". The ranges
// are in order and do not touch.
func parsePorts(text string) ([]config.PortRange, error) {
	var ranges []config.PortRange
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, ":")
		if !isRange {
			last = first
		} else {
			first, last = cmp.Or(first, "0"), cmp.Or(last, "65535")
		}
		lo, errFirst := strconv.ParseUint(first, 10, 16)
		hi, errLast := strconv.ParseUint(last, 10, 16)
		if errFirst != nil || errLast != nil || lo > hi {
			return nil, fmt.Errorf("ports %s", text)
		}
		ranges = append(ranges, config.PortRange{First: uint16(lo), Last: uint16(hi)})
	}
	return merged(ranges), nil
}

// merged returns ranges in order, with those that touch made one.
func merged(ranges []config.PortRange) (out []config.PortRange) {
	slices.SortFunc(ranges, func(a, b config.PortRange) int { return cmp.Compare(a.First, b.First) })
	for _, r := range ranges {
		if n := len(out); n > 0 && int(r.First) <= int(out[n-1].Last)+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// commonPorts returns the ports that are in both lists, of which none means all.
// It reports false if there are none.
func commonPorts(a, b []config.PortRange) (both []config.PortRange, ok bool) {
	switch {
	case a == nil:
		return b, true
	case b == nil:
		return a, true
	}
	for _, x := range a {
		for _, y := range b {
			if lo, hi := max(x.First, y.First), min(x.Last, y.Last); lo <= hi {
				both = append(both, config.PortRange{First: lo, Last: hi})
			}
		}
	}
	return both, both != nil
}

// coverPorts reports whether a has all ports of b.
func coverPorts(a, b []config.PortRange) bool {
	if a == nil || b == nil {
		return a == nil
	}
	for _, y := range b {
		if !slices.ContainsFunc(a, func(x config.PortRange) bool { return x.First <= y.First && y.Last <= x.Last }) {
			return false
		}
	}
	return true
}
