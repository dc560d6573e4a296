package iptables

import (
	"net/netip"

	"xlvs/config"
)

// The packets that a rule matches are a box: a side for each thing that it
// names. What two boxes have in common is a box again, so that whole chains can
// be worked out without a packet.

// common returns the packets that match both a and b, with the mark of b. It
// reports false if there are none.
func common(a, b config.Mark) (m config.Mark, ok bool) {
	m.Mark = b.Mark
	var ok1, ok2, ok3, ok4 bool
	m.Destination, ok1 = commonPrefix(a.Destination, b.Destination)
	m.Source, ok2 = commonPrefix(a.Source, b.Source)
	m.Ports, ok3 = commonPorts(a.Ports, b.Ports)
	m.SourcePorts, ok4 = commonPorts(a.SourcePorts, b.SourcePorts)
	var ok5, ok6 bool
	m.Protocol, ok5 = commonValue(a.Protocol, b.Protocol)
	m.Interface, ok6 = commonValue(a.Interface, b.Interface)
	return m, ok1 && ok2 && ok3 && ok4 && ok5 && ok6
}

// commonValue returns what is both a and b, of which zero means anything.
func commonValue[T comparable](a, b T) (T, bool) {
	var anything T
	switch {
	case a == anything:
		return b, true
	case b == anything, a == b:
		return a, true
	}
	return anything, false
}

// commonPrefix returns the addresses that are in both a and b, of which the zero
// prefix has all.
func commonPrefix(a, b netip.Prefix) (netip.Prefix, bool) {
	switch {
	case !a.IsValid():
		return b, true
	case !b.IsValid():
		return a, true
	case !a.Overlaps(b):
		return netip.Prefix{}, false
	case a.Bits() > b.Bits():
		return a, true
	}
	return b, true
}

// covers reports whether every packet that matches b matches a.
func covers(a, b config.Mark) bool {
	return coverPrefix(a.Destination, b.Destination) && coverPrefix(a.Source, b.Source) &&
		coverPorts(a.Ports, b.Ports) && coverPorts(a.SourcePorts, b.SourcePorts) &&
		(a.Protocol == 0 || a.Protocol == b.Protocol) && (a.Interface == "" || a.Interface == b.Interface)
}

// coverPrefix reports whether a has all addresses of b.
func coverPrefix(a, b netip.Prefix) bool {
	if !a.IsValid() || !b.IsValid() {
		return !a.IsValid()
	}
	return a.Bits() <= b.Bits() && a.Overlaps(b)
}
