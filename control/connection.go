// Package control is the admin interface of a running director: HTTP and JSON
// on a Unix socket, and the client that speaks it.
package control

import (
	"time"

	"xlvs/conntrack"
)

// A Connection is a connection or template of a running director.
type Connection struct {
	conntrack.Listing
	Left   time.Duration // until it expires
	Engine string        // of a template with Data: the persistence engine's name
}
