package dataplane

import (
	"sync/atomic"

	"xlvs/lvs"
)

// Counters are what is counted per destination, service and in total. Bytes are
// those of layer 3, as ipvsadm --stats shows them.
type Counters struct {
	Conns             uint64
	InPkts, OutPkts   uint64
	InBytes, OutBytes uint64
}

// Add adds o to c.
func (c *Counters) Add(o Counters) {
	c.Conns += o.Conns
	c.InPkts += o.InPkts
	c.OutPkts += o.OutPkts
	c.InBytes += o.InBytes
	c.OutBytes += o.OutBytes
}

// since returns what has been counted since c was o.
func (c Counters) since(o Counters) Counters {
	return Counters{c.Conns - o.Conns, c.InPkts - o.InPkts, c.OutPkts - o.OutPkts, c.InBytes - o.InBytes, c.OutBytes - o.OutBytes}
}

// A tally is one worker's Counters by destination. The worker counts without
// atomics and under its own lock, which it takes once per batch; a reader takes
// the lock for one destination at a time.
type tally struct {
	blocks [lvs.MaxDestinations / tallyBlock]atomic.Pointer[[tallyBlock]Counters]
	gone   Counters // of destinations that are no more
}

const tallyBlock = 1 << 10

// grow makes room for id.
func (t *tally) grow(id lvs.DestID) {
	if b := &t.blocks[id/tallyBlock]; b.Load() == nil {
		b.Store(new([tallyBlock]Counters))
	}
}

func (t *tally) at(id lvs.DestID) *Counters {
	return &t.blocks[id/tallyBlock].Load()[id%tallyBlock]
}
