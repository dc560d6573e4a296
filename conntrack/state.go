package conntrack

import "xlvs/lvs"

// An Event is what a packet means to the state machine of its protocol.
type Event uint8

// The events of TCP, in the order in which flags are looked at once RST has
// been ruled out.
const (
	EventSYN Event = iota
	EventFIN
	EventACK
	EventRST
	EventNone // none of the four flags
	tcpEvents
)

// The events of SCTP, by chunk type. Their numbers follow those of TCP, so that
// an event tells its protocol.
const (
	EventData Event = tcpEvents + iota // also every chunk that changes no state
	EventInit
	EventInitAck
	EventCookieEcho
	EventCookieAck
	EventShutdown
	EventShutdownAck
	EventShutdownComplete
	EventError
	EventAbort
	events
)

// The tables: requests, replies, and requests of a connection whose replies the
// director has not seen (dr, tun).
const (
	tableInput = iota
	tableOutput
	tableInputOnly
	tables
)

// nextState returns the state that follows s when ev is looked up in table.
// secure selects the tables of the defence strategy secure_tcp. Connections of
// protocols without a table, and of an event or a state that the table does not
// have, stay as they are.
func nextState(p lvs.Protocol, table int, ev Event, s lvs.State, secure bool) lvs.State {
	switch {
	case p == lvs.TCP && ev < tcpEvents && s < lvs.TCPStates:
		if secure {
			return tcpSecureStates[table][ev][s]
		}
		return tcpStates[table][ev][s]
	case p == lvs.SCTP && ev >= EventData && ev < events && s < lvs.SCTPStates:
		return sctpStates[table][ev][s]
	}
	return s
}
