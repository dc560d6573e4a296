package sched

import "xlvs/lvs"

// members are the destinations of an lblc or lblcr: in list order, and by the
// numbers that their caches remember. They are replaced as a whole.
type members struct {
	list []loaded
	byID map[lvs.DestID]*loaded
}

func newMembers(loads *lvs.Loads, dests []Dest) *members {
	m := &members{list: withLoads(loads, dests), byID: make(map[lvs.DestID]*loaded, len(dests))}
	for i := range m.list {
		m.byID[m.list[i].ID] = &m.list[i]
	}
	return m
}

// find returns the member that d is, as it is now; nil if d is a member no
// longer. Its number may be another's by then.
func (m *members) find(d Dest) *loaded {
	l := m.byID[d.ID]
	if l == nil || l.Addr != d.Addr || l.Port != d.Port {
		return nil
	}
	return l
}

// crowded reports whether d has more active connections than its weight while
// some member has less than half (is_overloaded in the kernel, which has nothing
// to do with thresholds).
func (m *members) crowded(d *loaded) bool {
	if d.active() <= int64(d.Weight) {
		return false
	}
	for i := range m.list {
		if l := &m.list[i]; l.active()*2 < int64(l.Weight) {
			return true
		}
	}
	return false
}
