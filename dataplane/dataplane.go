// Package dataplane takes one packet from frame to frame.
//
// A Director has a worker for each group of queues. A worker receives a batch,
// loads the frozen configuration once, and takes the batch through stages: read
// every packet, touch every index line, touch every entry, then decide about
// each; the cache misses of a batch overlap that way. Connection first, then
// service, scheduler and insert; then the forwarding method, the next hop, and
// out. Apply and Patch are the only doors for configuration: all or nothing, and no
// worker waits for them.
//
// The package decides; what it decides with (who has the flow, who gets the
// next one, how a packet is changed, where it goes) is in the packages below.
package dataplane

import (
	"time"

	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// Queues are one worker's receive and transmit queues, one or more of every
// port. Only the worker calls them, but for Wake.
type Queues interface {
	// Recv fills ps from the front with packets that have arrived, and never
	// waits. They are the caller's until Send or Release. io.EOF says that
	// no packet will come any more.
	Recv(ps []packet.Packet) (n int, err error)
	// Send transmits each of ps out of the port that its Out names, and
	// takes all of them back, whether or not there was room.
	Send(ps []*packet.Packet)
	// Release takes ps back.
	Release(ps []*packet.Packet)
	// NewFrame makes p an empty packet with room for n bytes and headroom
	// before them, for a piece of the packet of, whose In it takes over. It is
	// the caller's until Send or Release. It reports false if there is no room.
	NewFrame(p, of *packet.Packet, n int) bool
	// Wait returns when a packet may have arrived, on a timeout, or on Wake.
	Wait(timeout time.Duration) error
	// Wake ends a Wait. Any goroutine may call it.
	Wake()
	// Close gives everything back to the kernel.
	Close() error
}

// A Router knows next hops; neigh.Mirror is the one that follows the kernel.
type Router interface {
	Epoch() uint32
	Route(dst lvs.Addr) neigh.HopID
	Hop(id neigh.HopID) *neigh.Hop
	Resolve(id neigh.HopID)
	Keep(id neigh.HopID)
	Locals() []lvs.Addr
}

// A Filter is told which frames the director wants; steer.Classifier is the one
// that tells the kernel.
type Filter interface {
	// Update gives endpoints other rules; one whose rule is zero has none any
	// more, and all others keep theirs.
	Update(change steer.Rules) error
}
