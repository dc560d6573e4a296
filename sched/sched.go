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
	"time"

	"xlvs/lvs"
)

// ErrUnknown is wrapped by New's error for a name that is no scheduler's.
var ErrUnknown = errors.New("unknown scheduler")

// A Dest is all that a scheduler may know about a real server.
type Dest struct {
	ID         lvs.DestID
	Addr       lvs.Addr // with Port: who it is on every director alike, for consistent hashing
	Port       uint16
	Weight     int32 // 0: quiesced
	LastWeight int32 // the latest weight above zero: its share of a mh table, quiesced or not
}

// A Scheduler chooses destinations for new connections. It is safe for several
// workers, and Set may be called while they pick.
type Scheduler interface {
	// Set makes dests the destinations, in list order: most recently added
	// first, as the kernel keeps them. What the kernel remembers across such a
	// change is remembered; equal dests change nothing. The slice stays the
	// caller's.
	Set(dests []Dest)
	// Pick chooses a destination for the connection whose first packet is t;
	// false when none is usable. It does not allocate, except when lblc or lblcr
	// has something new to remember.
	Pick(t *lvs.Tuple) (lvs.DestID, bool)
}

// An Expirer is a scheduler with a memory that has to be tidied: lblc or lblcr.
type Expirer interface {
	// Expire forgets what has not been used for the time unused (the sysctls
	// lblc_expiration and lblcr_expiration). It is to be called every
	// ExpireInterval, by one goroutine at a time. now is the time since any
	// fixed moment; this is the only clock the scheduler has, so ages are right
	// to one interval.
	Expire(now, unused time.Duration)
}

// ExpireInterval is how often an Expirer is tidied (CHECK_EXPIRE_INTERVAL).
const ExpireInterval = time.Minute

// Options say what a scheduler stands on.
type Options struct {
	// Loads are read by every scheduler, if only to pass over the overloaded.
	// Every destination must have its place (Grow) before Set names it.
	Loads *lvs.Loads
	// Flags refine sh and mh (ipvsadm -b); others ignore them.
	Flags lvs.SchedulerFlags
}

// New returns the scheduler that ipvsadm calls name, without destinations yet.
// The names are lvs.SchedulerNames and lvs.NoScheduler.
func New(name string, opts Options) (Scheduler, error) {
	loads := opts.Loads
	switch name {
	case "rr":
		return newRR(loads), nil
	case "wrr":
		return newWRR(loads), nil
	case "lc":
		return newLC(loads), nil
	case "wlc":
		return newWLC(loads), nil
	case "sed":
		return newSED(loads), nil
	case "nq":
		return newNQ(loads), nil
	case "fo":
		return newFO(loads), nil
	case "ovf":
		return newOVF(loads), nil
	case "twos":
		return newTwos(loads), nil
	case "lblc":
		return newLBLC(loads), nil
	case "lblcr":
		return newLBLCR(loads), nil
	case "dh":
		return newDH(loads), nil
	case "sh":
		return newSH(loads, opts.Flags), nil
	case "mh":
		return newMH(loads, opts.Flags), nil
	case lvs.NoScheduler:
		return none{}, nil
	}
	return nil, fmt.Errorf("%w %q", ErrUnknown, name)
}
