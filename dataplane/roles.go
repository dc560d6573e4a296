package dataplane

import (
	"math/bits"

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
)

// A roleTable is a frozen hash table from address to roles: open addressing, at
// most half full. Almost every packet looks up both of its addresses.
type roleTable struct {
	slots []roleSlot
	shift uint8
}

type roleSlot struct {
	addr  lvs.Addr
	roles roles // 0: empty slot
}

func newRoleTable(m map[lvs.Addr]roles) *roleTable {
	n := bits.Len(uint(2*len(m))) + 1
	t := &roleTable{slots: make([]roleSlot, 1<<n), shift: uint8(64 - n)}
	for a, r := range m {
		i := t.start(a)
		for t.slots[i].roles != 0 {
			i = (i + 1) & (len(t.slots) - 1)
		}
		t.slots[i] = roleSlot{a, r}
	}
	return t
}

func (t *roleTable) start(a lvs.Addr) int {
	const golden = 0x9e3779b97f4a7c15
	return int((a.Lo ^ bits.RotateLeft64(a.Hi, 32)) * golden >> t.shift)
}

// of returns the roles of a, 0 for a stranger.
func (t *roleTable) of(a lvs.Addr) roles {
	for i := t.start(a); ; i++ {
		s := &t.slots[i&(len(t.slots)-1)]
		if s.roles == 0 || s.addr == a {
			return s.roles
		}
	}
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
