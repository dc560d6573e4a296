// Package fragment has all pieces of a datagram follow its first one.
//
// Only the first fragment carries ports. A Tracker remembers what its caller
// decided about that piece and says so of the others, in whatever order they
// come; nothing is joined, as all that NAT changes in a transport packet, its
// checksum too, is in the first piece. While a datagram is remembered no byte of
// it passes twice: pieces that overlap refuse the whole (RFC 5722), so that no
// receiver reads it otherwise than the director did. Packets stay with the
// caller, which keeps those that must wait; memory is bounded, and time comes in
// as an argument.
package fragment

import (
	"time"

	"xlvs/lvs"
)

// How long a datagram is remembered from its first piece seen, as long as the
// kernel waits (net.ipv4.ipfrag_time, net.ipv6.ip6frag_time).
const (
	Timeout4 = 30 * time.Second
	Timeout6 = 60 * time.Second
)

// A Key names a datagram on the wire (RFC 791, section 3.2; RFC 8200, section
// 4.5).
type Key struct {
	Src, Dst lvs.Addr
	ID       uint32
	Proto    lvs.Protocol // of IPv4; 0 for IPv6, whose fragments need not agree on it
}

// timeout returns how long the datagram is remembered.
func (k *Key) timeout() time.Duration {
	if k.Src.Is4() {
		return Timeout4
	}
	return Timeout6
}

// The most that all pieces may come to: the length field counts IPv4's header,
// which has at least 20 bytes, but not IPv6's.
const (
	limit4 = 65535 - 20
	limit6 = 65535
)

// limit returns the length that the datagram cannot have more than.
func (k *Key) limit() int {
	if k.Src.Is4() {
		return limit4
	}
	return limit6
}

// A Piece says which bytes of its datagram a fragment carries.
type Piece struct {
	Offset, Len int
	More        bool // other pieces follow this one
	Tiny        bool // begins the datagram, but does not hold what the director must read
}

// check returns what is wrong with a piece of a datagram that cannot be longer
// than limit, or accepted.
func (pc *Piece) check(limit int) Outcome {
	switch {
	case pc.Offset < 0 || pc.Offset%8 != 0 || pc.Len <= 0 || pc.More && pc.Len%8 != 0:
		return Malformed
	case pc.Offset > limit || pc.Len > limit-pc.Offset:
		return TooLong
	case pc.Tiny:
		return Tiny
	}
	return accepted
}
