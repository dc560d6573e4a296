package sched

import (
	"sync/atomic"

	"xlvs/lvs"
)

const (
	shBits  = 8 // CONFIG_IP_VS_SH_TAB_BITS
	shSlots = 1 << shBits
)

// An sh sends all connections of a client to the same real server (ip_vs_sh).
// Every director with the same list does likewise.
type sh struct {
	loads *lvs.Loads
	flags lvs.SchedulerFlags
	slots atomic.Pointer[[shSlots]*loaded] // all nil without destinations
}

func newSH(loads *lvs.Loads, flags lvs.SchedulerFlags) *sh {
	s := &sh{loads: loads, flags: flags}
	s.slots.Store(new([shSlots]*loaded))
	return s
}

// Pick takes the real server in the client's slot. If that one is not usable,
// sh-fallback searches all slots, from twice the hash on, where the kernel begins.
func (s *sh) Pick(t *lvs.Tuple) (lvs.DestID, bool) {
	slots, hash := s.slots.Load(), hash32(client(t, s.flags), shBits)
	d := slots[hash]
	switch {
	case d == nil:
		return 0, false
	case d.usable():
		return d.ID, true
	case s.flags&lvs.SchedulerFallback == 0:
		return 0, false
	}
	for offset := range uint32(shSlots) {
		if d := slots[(offset+2*hash)%shSlots]; d.usable() {
			return d.ID, true
		}
	}
	return 0, false
}

// Set gives every destination as many slots in a row as its weight says, again
// and again until all are dealt out. A quiesced one gets one slot, and its
// clients need sh-fallback; a weight beyond the table leaves nothing for those
// later in the list.
func (s *sh) Set(dests []Dest) {
	slots := new([shSlots]*loaded)
	list := withLoads(s.loads, dests)
	for i := 0; i < shSlots && len(list) > 0; {
		for j := range list {
			for range min(max(1, int(list[j].Weight)), shSlots-i) {
				slots[i] = &list[j]
				i++
			}
		}
	}
	s.slots.Store(slots)
}
