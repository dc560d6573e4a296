package conntrack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"xlvs/lvs"
)

// ErrLocalRange is what NewLocals wraps when it refuses a range.
var ErrLocalRange = errors.New("bad local range")

// A LocalRange is an address of the director with ports First to Last, from
// which FULLNAT connections reach their real servers.
type LocalRange struct {
	Addr        lvs.Addr
	First, Last uint16
}

// String returns r as a configuration writes it: "192.0.2.9:1024-65535".
func (r LocalRange) String() string {
	if r.Addr.Is4() {
		return fmt.Sprintf("%v:%d-%d", r.Addr, r.First, r.Last)
	}
	return fmt.Sprintf("[%v]:%d-%d", r.Addr, r.First, r.Last)
}

func (r LocalRange) has(port uint16) bool { return r.First <= port && port <= r.Last }
func (r LocalRange) size() int            { return int(r.Last) - int(r.First) + 1 }

func (r LocalRange) overlaps(o LocalRange) bool {
	return r.Addr == o.Addr && r.First <= o.Last && o.First <= r.Last
}

// Locals are the local addresses of one service, or of several that share
// them. They only say what new connections may take: connections keep their
// local endpoint when Locals without it come with the next configuration.
type Locals struct {
	table  *Table
	v4, v6 []*localRange
	turn   [shards]uint32 // whose turn it is; guarded by the table's ports
}

// NewLocals returns ranges for use in Connection. Of ranges that have been named
// before, the ports that are taken or at rest stay so. It refuses ports that are
// zero or out of order, and ranges that overlap.
func (t *Table) NewLocals(ranges []LocalRange) (*Locals, error) {
	for i, r := range ranges {
		switch o := slices.IndexFunc(ranges[:i], r.overlaps); {
		case r.Addr.IsZero() || r.First == 0 || r.First > r.Last:
			return nil, fmt.Errorf("local addresses: %v: %w: want an address and ports of 1 to 65535 in order", r, ErrLocalRange)
		case o >= 0:
			return nil, fmt.Errorf("local addresses: %v: %w: overlaps %v", r, ErrLocalRange, ranges[o])
		}
	}
	l := &Locals{table: t}
	for _, r := range t.locals.add(ranges) {
		if r.Addr.Is4() {
			l.v4 = append(l.v4, r)
		} else {
			l.v6 = append(l.v6, r)
		}
	}
	return l, nil
}

// of returns the ranges from which a real server with address a can be reached.
func (l *Locals) of(a lvs.Addr) []*localRange {
	switch {
	case l == nil:
		return nil
	case a.Is4():
		return l.v4
	}
	return l.v6
}

// A localRange is a LocalRange that the table knows by number.
type localRange struct {
	LocalRange
	number uint32
}

// localRanges are all ranges that a table has ever been told of, as what comes
// back from a connection may be of any of them.
type localRanges struct {
	sync.Mutex // of add
	count      uint32
	byAddr     atomic.Pointer[map[lvs.Addr][]*localRange] // frozen
}

// add returns a localRange for each of ranges, made now or before.
func (lr *localRanges) add(ranges []LocalRange) []*localRange {
	lr.Lock()
	defer lr.Unlock()
	next := map[lvs.Addr][]*localRange{}
	if known := lr.byAddr.Load(); known != nil {
		maps.Copy(next, *known)
	}
	list := make([]*localRange, len(ranges))
	for i, r := range ranges {
		known := next[r.Addr]
		n := slices.IndexFunc(known, func(k *localRange) bool { return k.LocalRange == r })
		if n < 0 {
			n = len(known)
			lr.count++
			known = append(slices.Clip(known), &localRange{r, lr.count})
			next[r.Addr] = known
		}
		list[i] = known[n]
	}
	lr.byAddr.Store(&next)
	return list
}

// at returns the ranges of a. There is at least one if a was ever handed out.
func (lr *localRanges) at(a lvs.Addr) []*localRange { return (*lr.byAddr.Load())[a] }
