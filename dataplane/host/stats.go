package host

import (
	"fmt"
	"sync/atomic"
)

// An Outcome is what became of a frame that was to go to the host. Each has a
// counter in Stats.
type Outcome uint8

// The outcomes of Give and Send.
const (
	Given   Outcome = iota // the host has it
	NoPort                 // In is not a port of the door, or the door has no TAP to Send through
	Unfit                  // no whole Ethernet header, too long for this door, or metadata that cannot be true
	Refused                // the kernel had no memory for it, or the door's device is down or gone
	outcomes
)

// String returns the outcome as a few words.
func (o Outcome) String() string {
	if o >= outcomes {
		return fmt.Sprintf("Outcome(%d)", uint8(o))
	}
	return [...]string{Given: "given", NoPort: "no port", Unfit: "unfit", Refused: "refused"}[o]
}

// Stats counts frames since the door was opened. What the host drops after a
// frame was given, because the port is down or gone for example, is the host's
// to count.
type Stats struct {
	Given    uint64 // to the host, by Give and Send
	NoPort   uint64
	Unfit    uint64
	Refused  uint64
	Received uint64 // from the host, by Recv
	Cut      uint64 // that Recv dropped because they were longer than its frames
}

// counters is Stats as the workers write it and others read it.
type counters struct {
	outcome       [outcomes]atomic.Uint64
	received, cut atomic.Uint64
}

// count counts o and returns it.
func (c *counters) count(o Outcome) Outcome {
	c.outcome[o].Add(1)
	return o
}

// Stats returns the door's counters.
func (d *Door) Stats() Stats {
	n := &d.n
	return Stats{
		Given:    n.outcome[Given].Load(),
		NoPort:   n.outcome[NoPort].Load(),
		Unfit:    n.outcome[Unfit].Load(),
		Refused:  n.outcome[Refused].Load(),
		Received: n.received.Load(),
		Cut:      n.cut.Load(),
	}
}
