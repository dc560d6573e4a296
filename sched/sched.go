// Package sched decides who gets the next connection.
//
// A Scheduler is one virtual service's policy, named and ordered as the
// kernel's scheduler of that name. It is told the destinations when they change
// and asked once for every new connection; it never sees a packet or an
// established connection. What it knows of load it reads from lvs.Loads, which
// others count.
package sched

import (
	"errors"
	"fmt"

	"xlvs/lvs"
)

// ErrUnknown is wrapped by New's error for a name that is no scheduler's.
var ErrUnknown = errors.New("unknown scheduler")

// A Dest is all that a scheduler may know about a real server.
type Dest struct {
	ID     lvs.DestID
	Addr   lvs.Addr // with Port: who it is on every director alike, for consistent hashing
	Port   uint16
	Weight int32 // 0: quiesced
}

// usable reports whether d may get new connections at all.
func (d *Dest) usable() bool { return d.Weight > 0 }

// A Scheduler chooses destinations for new connections. It is safe for several
// workers, and Set may be called while they pick.
type Scheduler interface {
	// Set makes dests the destinations, in list order: most recently added
	// first, as the kernel keeps them. What the kernel remembers across such a
	// change is remembered; equal dests change nothing. The slice stays the
	// caller's.
	Set(dests []Dest)
	// Pick chooses a destination for the connection whose first packet is t;
	// false when none is usable. It does not allocate.
	Pick(t *lvs.Tuple) (lvs.DestID, bool)
}

// New returns the scheduler that ipvsadm calls name, without destinations yet.
// The names are lvs.SchedulerNames. Schedulers by load read loads, where every
// destination must have its place (Grow) before Set names it; others ignore it.
func New(name string, loads *lvs.Loads) (Scheduler, error) {
	switch name {
	case "rr":
		return newRR(), nil
	case "wrr":
		return newWRR(), nil
	case "wlc":
		return newWLC(loads), nil
	}
	return nil, fmt.Errorf("%w %q", ErrUnknown, name)
}

// head is the cursor before the first destination: the list's head in the
// kernel.
const head = -1
