package dataplane

import "fmt"

// A Verdict is what became of a packet. Every packet ends in exactly one, and
// each has a counter.
type Verdict uint8

// The verdicts. All but Forward, ToHost and Local drop the packet; those that say so answer its
// sender with an ICMP error, as often as the rate limit allows.
const (
	undecided Verdict = iota

	Forward         // sent to a real server, or to a client
	Unreadable      // truncated, a bad header, or a wrong IPv4 header checksum; answered if it is an IPv4 option that is bad
	SourceRouted    // has options by which its sender chooses its way, which nobody should follow (RFC 7126, section 4.3)
	ToHost          // of no connection, and not the first packet of one: given back to the host
	StoodIn         // the same, for a VIP that the host does not know: answered in its stead
	HostLimit       // the same, and the host has been given too many already
	HostRefused     // for the host, and it did not take it
	NotOurs         // of no connection, and not the first packet of one, and there is no way to the host
	Fragment        // of a datagram in fragments that overlap, or are not all there
	Local           // for a real server that is the director's host itself: given to it
	NoDestination   // every real server is quiesced; answered with port unreachable
	TableFull       // a new connection while the table is at max_connections
	DestinationGone // of a connection whose real server was removed
	NoConnection    // from a real server of a nat service, and of no connection; answered with port unreachable (nat_icmp_send)
	NoCallID        // to a service whose connections go by SIP's Call-ID, without one
	Defended        // would begin a connection, while drop_packet is on
	TTLExceeded     // would have to leave with a TTL of 0; answered
	TooBig          // longer than the next link's MTU; answered if it may not be fragmented
	NoRoute         // no route to its next hop, or not through the director's interfaces; answered with host unreachable
	NoNeighbor      // its next hop does not answer; answered with host unreachable
	HoldFull        // its next hop was being resolved, and too many packets waited already
	BadChecksum     // an ICMP error to be translated, with a wrong checksum
	NoLocalPort     // would begin a fullnat connection, and all local ports towards its real server are taken
	Untranslatable  // would have to leave over the other IP version, or behind a PROXY header, and is no whole TCP or UDP packet
	NoFrame         // has to leave in pieces, and there was no free frame for one
	NoHeadroom      // no room in the frame for a header
	Verdicts        // how many there are

	// held is no verdict yet: the packet waits for its next hop.
	held
	// Nor are these, which reading a packet may lead to.
	cutShort // Unreadable, but for its ports
	optioned // undecided, with IPv4 options
)

var verdictNames = [Verdicts]string{
	Forward:         "forwarded",
	Unreadable:      "unreadable",
	SourceRouted:    "source-routed",
	ToHost:          "given to the host",
	StoodIn:         "answered for the host",
	HostLimit:       "too many for the host",
	HostRefused:     "refused by the host",
	NotOurs:         "not ours",
	Fragment:        "fragment",
	Local:           "local real server",
	NoDestination:   "no destination available",
	TableFull:       "connection table full",
	DestinationGone: "real server removed",
	NoConnection:    "no connection",
	NoCallID:        "no Call-ID",
	Defended:        "dropped in defence",
	TTLExceeded:     "TTL exceeded",
	TooBig:          "larger than the MTU",
	NoRoute:         "no route",
	NoNeighbor:      "next hop does not answer",
	HoldFull:        "too many packets waiting for next hop",
	BadChecksum:     "bad ICMP checksum",
	NoLocalPort:     "no local port",
	Untranslatable:  "cannot be translated",
	NoFrame:         "no free frame",
	NoHeadroom:      "no room for a header",
}

// drops reports whether a packet that ends in v goes no further. Its sender may
// get an answer.
func (v Verdict) drops() bool { return v != Forward && v != ToHost && v != Local && v != held }

// String returns the verdict in words for a log line.
func (v Verdict) String() string {
	if v == held {
		return "waiting"
	}
	if v > undecided && v < Verdicts {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}
