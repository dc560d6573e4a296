package dataplane

import (
	"math/bits"
	"sync/atomic"

	"xlvs/conntrack"
	"xlvs/lvs"
)

// Roles are what an address can be to the director. They tell in which direction
// a packet may belong to a connection.
type roles uint8

const (
	roleVirtual roles = 1 << iota // a service's address: clients send here, dr replies come from here
	roleReal                      // a real server of a nat service: replies come from here
	roleLocal                     // a local address of fullnat: replies come here
	roleUnheld                    // a VIP that no interface of the host holds
	known                         // none: that the address has a place in the table
)

// A roleTable is a hash table from address to roles: open addressing, at most half
// full. Almost every packet looks up both of its addresses. One goroutine writes
// while workers read, so that a change of one address copies nothing: a slot stays
// its address's for as long as the table is used.
type roleTable struct {
	slots []roleSlot
	shift uint8
	taken int // the writer's alone
}

// A roleSlot is empty until its roles are written, after its address. They never
// are 0 again: one without any other is known.
type roleSlot struct {
	addr  lvs.Addr
	roles atomic.Uint32
}

// newRoleTable returns a table with room for twice as many addresses before there
// has to be another.
func newRoleTable(addresses int) *roleTable {
	n := bits.Len(uint(2*addresses)) + 1
	return &roleTable{slots: make([]roleSlot, 1<<n), shift: uint8(64 - n)}
}

func (t *roleTable) start(a lvs.Addr) int {
	const golden = 0x9e3779b97f4a7c15
	return int((a.Lo ^ bits.RotateLeft64(a.Hi, 32)) * golden >> t.shift)
}

// of returns the roles of a, 0 for a stranger.
func (t *roleTable) of(a lvs.Addr) roles {
	for i := t.start(a); ; i++ {
		s := &t.slots[i&(len(t.slots)-1)]
		r := s.roles.Load()
		if r == 0 || s.addr == a {
			return roles(r) &^ known
		}
	}
}

// set gives a roles, or takes them away, and returns the table that has them so:
// another one if this is full.
func (t *roleTable) set(a lvs.Addr, r roles) *roleTable {
	s := t.slot(a)
	switch {
	case s.roles.Load() != 0:
		s.roles.Store(uint32(r | known))
	case r == 0:
	case 2*t.taken == len(t.slots):
		return t.grown().set(a, r)
	default:
		t.taken++
		s.addr = a
		s.roles.Store(uint32(r | known))
	}
	return t
}

// slot returns the slot of a, the one that it would get if it has none.
func (t *roleTable) slot(a lvs.Addr) *roleSlot {
	for i := t.start(a); ; i++ {
		s := &t.slots[i&(len(t.slots)-1)]
		if s.roles.Load() == 0 || s.addr == a {
			return s
		}
	}
}

// grown returns a copy of t with room, without the addresses that have no roles any
// more.
func (t *roleTable) grown() *roleTable {
	n := 0
	for i := range t.slots {
		if roles(t.slots[i].roles.Load())&^known != 0 {
			n++
		}
	}
	next := newRoleTable(n)
	for i := range t.slots {
		if s := &t.slots[i]; roles(s.roles.Load())&^known != 0 {
			next.set(s.addr, roles(s.roles.Load()))
		}
	}
	return next
}

// aim decides in which direction f's connection is looked up first: a packet
// from a real server is a reply before it is a request, as in the kernel. What
// comes to a local address is a reply.
func (f *flow) aim(s *snapshot) {
	target := s.roles.of(f.tuple.Dst)
	request := target&roleVirtual != 0
	reply := s.roles.of(f.tuple.Src) != 0
	if s.marked {
		request = request || s.marks.Covers(f.tuple.Dst)
		reply = reply || s.marks.Covers(f.tuple.Src)
	}
	switch {
	case target&roleLocal != 0:
		f.dir, f.local, f.both = conntrack.Out, true, request
	case reply:
		f.dir, f.both = conntrack.Out, request
	case request:
		f.dir = conntrack.In
	default:
		f.verdict = NotOurs
	}
}
