package control

import (
	"time"

	"xlvs/conntrack"
)

// A Connection is a connection or template of a running director. Dest and
// Expires mean something to that director alone: a Client leaves them zero.
type Connection struct {
	conntrack.Listing
	Left   time.Duration // until it expires
	Engine string        // of a template with Data: the persistence engine's name
}

// engine is the only persistence engine there is.
const engine = "sip"

// connection returns l as it is at now.
func connection(l conntrack.Listing, now conntrack.Time) Connection {
	c := Connection{Listing: l}
	if left := int32(l.Expires - now); left > 0 { // the clock wraps
		c.Left = time.Duration(left) * conntrack.Tick
	}
	if l.Data != "" {
		c.Engine = engine
	}
	return c
}
