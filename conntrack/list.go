package conntrack

import (
	"iter"

	"xlvs/lvs"
)

// A Listing is one connection as `ipvsadm -Lc` shows it.
type Listing struct {
	Proto                 lvs.Protocol
	State                 lvs.State
	Expires               Time
	Client, Virtual, Real lvs.Addr
	ClientPort            uint16
	VirtualPort, RealPort uint16
	Dest                  lvs.DestID
	Method                lvs.Method
}

// All yields the connections, in no order. Connections that come or go
// meanwhile are yielded or not; none is yielded half. It takes no lock that a
// worker waits for.
func (t *Table) All() iter.Seq[Listing] {
	return func(yield func(Listing) bool) {
		for _, f := range []*family{&t.v4, &t.v6} {
			f.pool.Lock()
			used := f.pool.used
			f.pool.Unlock()
			for n := uint32(1); n <= used; n++ {
				if l, ok := f.list(n); ok && !yield(l) {
					return
				}
			}
		}
	}
}

func (f *family) list(n uint32) (Listing, bool) {
	e := f.entry(n)
	gen := e.generation()
	if gen&1 != 0 {
		return Listing{}, false
	}
	client, virtual, real := e.load(wClient), e.load(wVirtual), e.load(wReal)
	l := Listing{
		Proto: lvs.Protocol(client >> 8), State: lvs.State(client), Expires: e.expires(),
		Client: e.addr(0, client), ClientPort: uint16(client >> 16),
		Virtual: e.addr(1, virtual), VirtualPort: uint16(virtual >> 16),
		Real: e.addr(2, real), RealPort: uint16(real >> 16),
		Dest: e.dest(), Method: lvs.Method(virtual & flagMethod),
	}
	return l, e.generation() == gen
}
