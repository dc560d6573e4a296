package announce

import (
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A view is what the goroutines of all ports know. It never changes: a new one
// takes its place.
type view struct {
	vips map[lvs.Addr]bool
	macs map[header.MAC]bool // our ports': two of them may be on one segment
}

// A verdict is what a message calls for.
type verdict uint8

const (
	ignored verdict = iota // it is not about a VIP, or our own
	asked                  // who has the VIP? to be answered
	probed                 // may I have the VIP? to be answered, and reported
	claimed                // I have the VIP! to be defended, and reported
)

// judge returns what m calls for, and the VIP it is about.
func (v *view) judge(m message) (lvs.Addr, verdict) {
	switch {
	case v.macs[m.from]:
		return lvs.Addr{}, ignored
	case v.vips[m.owned]:
		return m.owned, claimed
	case !v.vips[m.wanted]:
		return lvs.Addr{}, ignored
	case m.owned.IsZero() && !m.unicast:
		return m.wanted, probed
	default:
		// Switches that track their hosts ask without an address of their own,
		// but they ask the station they know: no conflict.
		return m.wanted, asked
	}
}
