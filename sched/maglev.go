package sched

import "math/bits"

const (
	mhSlots      = 4093 // a prime, so that every walk meets every slot (CONFIG_IP_VS_MH_TAB_INDEX 12)
	mhWeightBits = 6    // that turns keep of the heaviest weight (IP_VS_MH_TAB_BITS)

	// Fixed, so that all directors agree.
	mhKey1 = 2654435761
	mhKey2 = 2654446892
)

// mhHash returns the hash of v, the sum of an address, a port and an offset.
func mhHash(v uint32, key uint64) uint32 { return siphash13(v, key, key) }

// A walk is a destination's own order of all slots, in which it takes them
// (Eisenbud and others, "Maglev", section 3.4).
type walk struct {
	slot, skip uint32
	turns      int // slots that it takes in a row
}

// maglev deals the slots out to dests and returns the index of the destination
// that has each, or nil if none has a weight.
//
// Addresses are folded by their own family. The kernel goes by the service's,
// and so sees no more than the first four bytes of an IPv6 destination that
// serves an IPv4 service.
func maglev(dests []Dest) []uint16 {
	walks := newWalks(dests)
	if walks == nil {
		return nil
	}
	slots := make([]uint16, mhSlots)
	taken := make([]bool, mhSlots)
	for left := mhSlots; left > 0; {
		for i := range walks {
			w := &walks[i]
			for range min(w.turns, left) {
				for taken[w.slot] {
					w.step()
				}
				slots[w.slot], taken[w.slot] = uint16(i), true
				left--
			}
		}
	}
	return slots
}

// newWalks returns the walks of dests, or nil if none has a weight.
func newWalks(dests []Dest) []walk {
	var most, unit int32
	for i := range dests {
		w := slotWeight(&dests[i])
		most, unit = max(most, w), gcd(w, unit)
	}
	if unit == 0 {
		return nil
	}
	shift := max(0, bits.Len32(uint32(most/unit))-mhWeightBits)
	walks := make([]walk, len(dests))
	for i := range dests {
		d := &dests[i]
		v := fold(d.Addr) + uint32(d.Port)
		walks[i].slot = mhHash(v, mhKey1) % mhSlots
		walks[i].skip = mhHash(v, mhKey2)%(mhSlots-1) + 1
		if w := slotWeight(d); w > 0 {
			walks[i].turns = max(1, int(w/unit>>shift))
		}
	}
	return walks
}

// step goes on to the next slot.
func (w *walk) step() {
	if w.slot += w.skip; w.slot >= mhSlots {
		w.slot -= mhSlots
	}
}

// slotWeight returns the weight by which d gets slots: while it is quiesced,
// the one that it had before, so that its clients come back to it.
func slotWeight(d *Dest) int32 {
	if d.Weight > 0 {
		return d.Weight
	}
	return d.LastWeight
}
