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

// A Load is how many connections a destination has, and whether it is to get
// more. Package conntrack counts, package sched compares.
type Load struct {
	Active atomic.Int32 // in a state that ipvsadm calls active
	Total  atomic.Int32 // active and inactive; templates are not counted

	Persistent atomic.Int32 // templates: ipvsadm's column PersistConn

	upper, lower atomic.Int32 // thresholds; upper 0: none
	overloaded   atomic.Bool
}

// Bind counts a new connection. The one that reaches the upper threshold makes
// the destination overloaded (ip_vs_bind_dest).
func (l *Load) Bind() {
	if n := l.Total.Add(1); n == l.upper.Load() {
		l.overloaded.Store(true)
	}
}

// Unbind takes back what Bind counted. The one that falls below the lower
// threshold ends the overload, unless others came meanwhile (ip_vs_unbind_dest).
func (l *Load) Unbind() {
	if n := l.Total.Add(-1); n+1 == l.lower.Load() && l.upper.Load() != 0 {
		l.overloaded.Store(n >= l.upper.Load())
	}
}

// Overloaded reports whether the destination is to get no new connections
// (IP_VS_DEST_F_OVERLOAD). Between the thresholds it stays what it was.
func (l *Load) Overloaded() bool { return l.overloaded.Load() }

// SetThresholds sets both thresholds, in connections. Without an upper one the
// destination is never overloaded; without a lower one it is three quarters of
// the upper, rounded up.
func (l *Load) SetThresholds(upper, lower int32) {
	if lower == 0 {
		lower = upper - upper>>2
	}
	l.upper.Store(upper)
	l.lower.Store(lower)
	switch n := l.Total.Load(); {
	case upper == 0 || n < lower:
		l.overloaded.Store(false)
	case n >= upper:
		l.overloaded.Store(true)
	}
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
