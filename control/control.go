// Package control is the admin interface of a running director: HTTP and JSON
// on a Unix socket, and the client that speaks it.
//
// A Server shows what a director does and passes changes on to the desired
// state, the only place that judges them; a Client gives the same values back
// that the server had, so that who uses one need not know of the wire, and an
// error is the same error, for errors.Is, on both ends. Root may change things,
// members of one group may look, others learn nothing; the kernel says who is
// who. README.md describes the resources, for those who come without this
// package. Nothing here handles a packet, reads a configuration file or logs.
package control

import (
	"context"
	"io"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
)

// A Director is what runs; dataplane.Director is the one. Its methods may be
// called at any time.
type Director interface {
	Services() []dataplane.ServiceStatus
	Service(config.ServiceKey) (dataplane.ServiceStatus, bool)
	Connections() func(func(conntrack.Listing) bool)
	Now() conntrack.Time
	ConnectionCount() (n, limit int)
	Total() (dataplane.Counters, rate.Rates)
	WorkerTotals() []dataplane.Counters
	Verdicts() [dataplane.Verdicts]uint64
	Ports() ([]dataplane.PortStatus, error)
}

// A Capturer shows packets; dataplane.Director is one. It writes until ctx ends
// or the limit is reached.
type Capturer interface {
	Capture(ctx context.Context, w io.Writer, c dataplane.Capture) error
}

// A Loader has the state follow a configuration file: the one whose text is given
// or, if that is empty, the director's own, which it reads again. It may be called
// by several goroutines at once.
type Loader func(file []byte, r desired.Reload) (desired.Report, error)

// Options tell a Server what it cannot learn from the director. Without a Load
// or a Capturer it refuses what they are for, with ErrNotSupported.
type Options struct {
	Version  string // of the program
	File     string // the configuration; empty: there is none
	Load     Loader
	Capturer Capturer
	Warn     func(error) // is told of mistakes of the director's own; nil: nobody is
}

// A Status is what a director's process says of itself.
type Status struct {
	Version   string
	PID       int
	Uptime    time.Duration // in whole seconds
	Namespace uint64        // inode of the network namespace
	File      string        // the configuration; empty: there is none
	Revision  uint64        // of the desired state
}
