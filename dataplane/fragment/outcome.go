package fragment

import "fmt"

// An Outcome is what is to be done with a piece. Each has a counter.
type Outcome uint8

// The outcomes. From Gone on the piece is to be dropped.
const (
	accepted Outcome = iota

	First   // has the ports: to be decided about, then Settle
	Follows // goes where the first piece went
	Waits   // came before that was settled: to be kept, then Ask

	Gone      // waited, but its datagram timed out or made room for newer ones
	Abandoned // of a datagram of which another piece was refused or given up
	Malformed // empty, or not the last and its length no multiple of 8
	TooLong   // ends behind the longest datagram that there can be
	Tiny      // the first, without all of the transport header (RFC 1858, RFC 7112)
	Repeats   // all its bytes have passed already: the first copy stands
	Overlaps  // some of its bytes have passed already: refuses the datagram (RFC 5722)
	BeyondEnd // behind the datagram's end, or a second end: refuses the datagram
	Scattered // leaves more gaps than are remembered: refuses the datagram
	Outcomes  // how many there are
)

var outcomeNames = [Outcomes]string{
	First:     "first",
	Follows:   "follows",
	Waits:     "waits for the first",
	Gone:      "first never came",
	Abandoned: "datagram refused",
	Malformed: "malformed",
	TooLong:   "too long",
	Tiny:      "tiny first",
	Repeats:   "repeated",
	Overlaps:  "overlapping",
	BeyondEnd: "beyond the end",
	Scattered: "too scattered",
}

// Dropped reports whether the piece is to be dropped.
func (o Outcome) Dropped() bool { return o > Waits }

// String returns the outcome in words for a log line.
func (o Outcome) String() string {
	if o > accepted && o < Outcomes {
		return outcomeNames[o]
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Stats count what a Tracker has seen. A datagram ends in exactly one of the
// four ways.
type Stats struct {
	Pieces    [Outcomes]uint64 // how often Add said each, and Ask but for Waits
	Datagrams int              // remembered now, the refused among them

	Complete  uint64 // all pieces came and went
	TimedOut  uint64 // some piece never came
	Displaced uint64 // newer ones needed the room
	Refused   uint64 // a piece was refused for the datagram's sake, or given up
}

// add adds what another shard has counted.
func (s *Stats) add(o *Stats) {
	for i := range s.Pieces {
		s.Pieces[i] += o.Pieces[i]
	}
	s.Complete += o.Complete
	s.TimedOut += o.TimedOut
	s.Displaced += o.Displaced
	s.Refused += o.Refused
}
