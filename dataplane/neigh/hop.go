package neigh

import (
	"fmt"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A HopID names a next hop: its number in the low 16 bits, and above it the
// epoch in which a route led there. The zero HopID is no hop. IDs are kept with
// connections; a stale one must not be used, only replaced by a new Route.
//
// Epochs return after 65535 changes. They are applied 10 ms apart at least, so
// that an ID is safe with whoever uses it once in ten minutes.
type HopID uint32

func newHopID(epoch uint32, number uint16) HopID { return HopID(epoch<<16 | uint32(number)) }

// Epoch returns the epoch in which the hop was found.
func (id HopID) Epoch() uint32 { return uint32(id) >> 16 }

// Stale reports whether the routes may lead elsewhere by the given epoch.
func (id HopID) Stale(epoch uint32) bool { return id.Epoch() != epoch }

func (id HopID) number() uint16 { return uint16(id) }

// A HopState says what can be done with packets for a hop.
type HopState uint8

// The states of a hop.
const (
	Unroutable HopState = iota // no route, one that refuses, or its interface is gone: net unreachable
	Local                      // the host's own address
	Foreign                    // routed out of an interface that is neither a port nor a VLAN on one
	Pending                    // being resolved, or not asked about yet: hold the packet and call Resolve
	Reachable                  // Dst is the neighbour's
	Failed                     // nobody answers: host unreachable, and call Resolve
)

var hopStates = [...]string{"unroutable", "local", "foreign", "pending", "reachable", "failed"}

// String returns the state's name.
func (s HopState) String() string {
	if int(s) >= len(hopStates) {
		return fmt.Sprintf("HopState(%d)", uint8(s))
	}
	return hopStates[s]
}

// A Hop is where packets go next. It never changes; when the neighbour or the
// link does, another Hop takes its place. States below Pending set only State.
type Hop struct {
	Port     uint16
	State    HopState
	Raw      bool       // send the packet without a frame: the port has no Ethernet, so Src and Dst are zero
	Tags     Tags       // of the frame; Src is then the MAC of the VLAN's interface
	Src, Dst header.MAC // Dst only when Reachable
	MTU      int        // bytes of layer 3: the route's or the link's, whichever is less
	Source   lvs.Addr   // preferred address of the host towards it, zero if it has none
	Gateway  lvs.Addr   // the neighbour: a gateway, or the destination itself; zero if Raw without a gateway
}

// Numbers of the hops that have no neighbour. Every table begins with them.
const (
	nowhere    = iota // what the zero HopID names
	unroutable        // distinct from nowhere: a route was looked for
	local
	foreign
	firstHop // of those with a neighbour
)

var fixedHops = [firstHop]Hop{{State: Unroutable}, {State: Unroutable}, {State: Local}, {State: Foreign}}

// Route returns the next hop towards dst, known before or new. It is called for
// the first packet of a connection and when an ID became stale. When there is
// no room for another hop the answer is Unroutable, until the next epoch.
func (m *Mirror) Route(dst lvs.Addr) HopID {
	v := m.view.Load()
	r := v.route(dst)
	if r.fate != 0 {
		return newHopID(v.epoch, r.fate)
	}
	k := keyOf(r, dst)
	e := m.hops.find(&k)
	if e == nil {
		if e = m.discover(k); e == nil {
			return newHopID(v.epoch, unroutable)
		}
	}
	if e.seen.Load() != v.epoch {
		e.seen.Store(v.epoch)
	}
	return newHopID(v.epoch, e.number)
}

// Hop returns the hop of that ID as it is now, never nil. For the zero HopID and
// for one that nobody gave out it is Unroutable.
func (m *Mirror) Hop(id HopID) *Hop {
	if e := m.hops.entry(id.number()); e != nil {
		return e.hop.Load()
	}
	return &fixedHops[nowhere]
}

// Stale reports whether id must be replaced by a new Route in this epoch.
func (m *Mirror) Stale(id HopID, epoch uint32) bool { return id.Stale(epoch) }
