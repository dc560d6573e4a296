// Package host is the door back into the host's own network stack.
//
// The classifier that takes frames away from the host takes a few that turn out
// not to be the director's. A Door gives them back as if their port had just
// received them: it writes them to a TAP device, one queue for each port, where
// a tcx program marks them and redirects them to the port's ingress.
//
//	Give ─▶ TAP queue n ─▶ tcx: mark, redirect ─▶ ingress of port n ─▶ host
//	Send ─▶ TAP queue 0 ─▶ tcx: pass ──────────▶ ingress of the TAP ─▶ host
//	Recv ◀─ TAP queue 0 ◀─ routes to the VIPs (AddRoute) ◀──────────── host
//
// So tcpdump, rp_filter, the firewall and sockets see such a frame on the
// interface it came in by. Native XDP does not see it again. AF_PACKET sockets
// and tcx programs do, and must let Mark pass; generic XDP does too, and must
// let Stamp pass. The same TAP serves clients on the director's own host. Where
// there is no TAP, OpenLive is a slower door without local clients. A Door
// leaves nothing behind, even if the process is killed. Which frames go through
// it is not decided here.
package host

import (
	"errors"

	"xlvs/dataplane/header"
)

// Mark is the mark (SO_MARK, fwmark) of every frame that was given back. The
// host's rules may see it; the director's own must not take it again.
const Mark = 0x786c7673 // "xlvs"

// Stamp is the source of every frame that was given back with Options.Stamp, a
// locally administered address that ends in Mark.
func Stamp() header.MAC { return header.MAC{0x02, 0, 0x78, 0x6c, 0x76, 0x73} }

// MaxPorts is how many ports a Door can have: a TAP has 256 queues, and one is
// for local clients.
const MaxPorts = 255

// Errors that the functions of this package wrap.
var (
	// ErrNoTUN: /dev/net/tun is missing, or the Door does without it.
	ErrNoTUN = errors.New("no TUN/TAP driver")
	// ErrNoPort: the Door was not opened for this port.
	ErrNoPort = errors.New("not a port of the door")
)
