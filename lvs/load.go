package lvs

import "sync/atomic"

// A DestID is the number of a destination. A destination keeps it from the
// moment it is added until nothing refers to it any more, whatever happens to
// the configuration around it. Zero is no destination.
type DestID uint32

// MaxDestinations bounds DestID.
const MaxDestinations = loadBlocks * loadBlock

const (
	loadBlock  = 1 << 12
	loadBlocks = 1 << 10
)

// A Load is how many connections a destination has. Package conntrack counts,
// package sched compares.
type Load struct {
	Active atomic.Int32 // in a state that ipvsadm calls active
	Total  atomic.Int32 // active and inactive; templates are not counted
}

// Overhead is the kernel's measure of load for lc and wlc: an active
// connection weighs as much as 257 inactive ones (ip_vs_dest_conn_overhead).
func (l *Load) Overhead() int64 {
	return int64(l.Active.Load())<<8 + int64(l.Total.Load())
}

// Inactive returns the InActConn column of `ipvsadm -L`. Active and Total are
// read one after the other, so it is never reported below zero.
func (l *Load) Inactive() int32 { return max(l.Total.Load()-l.Active.Load(), 0) }

// Loads is one array of Load by DestID that every worker shares. A Load never
// moves, so that a pointer to it stays good.
type Loads struct {
	blocks [loadBlocks]atomic.Pointer[[loadBlock]Load]
}

// Grow makes room for id. It must be called before At with a new number, by
// one goroutine at a time.
func (l *Loads) Grow(id DestID) {
	if b := &l.blocks[id/loadBlock]; b.Load() == nil {
		b.Store(new([loadBlock]Load))
	}
}

// At returns the load of destination id, for which Grow has been called.
func (l *Loads) At(id DestID) *Load {
	return &l.blocks[id/loadBlock].Load()[id%loadBlock]
}
