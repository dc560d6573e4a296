package sched

import (
	"sync/atomic"

	"xlvs/lvs"
)

const (
	dhBits  = 8 // CONFIG_IP_VS_DH_TAB_BITS
	dhSlots = 1 << dhBits
)

// A dh sends all connections to the same destination address to the same real
// server (ip_vs_dh). It is for transparent caches, where a service by firewall
// mark has many addresses; with a single address a single real server works.
type dh struct {
	loads *lvs.Loads
	slots atomic.Pointer[[dhSlots]*loaded] // all nil without destinations
}

func newDH(loads *lvs.Loads) *dh {
	s := &dh{loads: loads}
	s.slots.Store(new([dhSlots]*loaded))
	return s
}

// Pick takes the real server in the address's slot. While that one is not
// usable, nobody stands in.
func (s *dh) Pick(t *lvs.Tuple) (lvs.DestID, bool) {
	d := s.slots.Load()[hash32(fold(t.Dst), dhBits)]
	if d == nil || !d.usable() {
		return 0, false
	}
	return d.ID, true
}

// Set deals the slots out one by one. A weight counts for nothing here, so that
// no address moves when a real server is quiesced.
func (s *dh) Set(dests []Dest) {
	slots := new([dhSlots]*loaded)
	if list := withLoads(s.loads, dests); len(list) > 0 {
		for i := range slots {
			slots[i] = &list[i%len(list)]
		}
	}
	s.slots.Store(slots)
}
