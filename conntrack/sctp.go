package conntrack

import (
	"encoding/binary"
	"time"

	"xlvs/lvs"
)

// The chunk types up to the last one that has an event of its own (RFC 9260,
// 3.2).
const (
	chunkData = iota
	chunkInit
	chunkInitAck
	chunkSack
	chunkHeartbeat
	chunkHeartbeatAck
	chunkAbort
	chunkShutdown
	chunkShutdownAck
	chunkError
	chunkCookieEcho
	chunkCookieAck
	chunkECNE
	chunkCWR
	chunkShutdownComplete
	chunkTypes
)

// chunkHeader is the size of a chunk's type, flags and length.
const chunkHeader = 4

// sctpEventOf has the event of every chunk type; EventData of those above it.
var sctpEventOf = [chunkTypes]Event{
	chunkData:             EventData,
	chunkInit:             EventInit,
	chunkInitAck:          EventInitAck,
	chunkSack:             EventData,
	chunkHeartbeat:        EventData,
	chunkHeartbeatAck:     EventData,
	chunkAbort:            EventAbort,
	chunkShutdown:         EventShutdown,
	chunkShutdownAck:      EventShutdownAck,
	chunkError:            EventError,
	chunkCookieEcho:       EventCookieEcho,
	chunkCookieAck:        EventCookieAck,
	chunkECNE:             EventData,
	chunkCWR:              EventData,
	chunkShutdownComplete: EventShutdownComplete,
}

// SCTPEvent returns the event of a packet with these chunks: what follows the
// common header. The first chunk decides, except that an ABORT right behind a
// COOKIE ECHO or COOKIE ACK wins over it (RFC 9260, 3.3.7). It reports false if
// there is no chunk header to read.
func SCTPEvent(chunks []byte) (ev Event, ok bool) {
	if len(chunks) < chunkHeader {
		return EventData, false
	}
	kind := chunks[0]
	if (kind == chunkCookieEcho || kind == chunkCookieAck) && abortFollows(chunks) {
		return EventAbort, true
	}
	if kind >= chunkTypes {
		return EventData, true
	}
	return sctpEventOf[kind], true
}

// abortFollows reports whether the second of chunks is an ABORT. Chunks are
// padded to a multiple of four bytes that their length does not count.
func abortFollows(chunks []byte) bool {
	n := int(binary.BigEndian.Uint16(chunks[2:]))
	next := (n + 3) &^ 3
	return n >= chunkHeader && len(chunks) >= next+chunkHeader && chunks[next] == chunkAbort
}

// SCTPAborts reports whether chunks begin with an ABORT, which begins no
// connection, whatever follows it, and is never answered.
func SCTPAborts(chunks []byte) bool {
	return len(chunks) >= chunkHeader && chunks[0] == chunkAbort
}

var sctpTimeouts = [lvs.SCTPStates]time.Duration{
	lvs.SCTPNone:             2 * time.Second,
	lvs.SCTPInit1:            4 * time.Second,
	lvs.SCTPInit:             61 * time.Second,
	lvs.SCTPCookieSent:       61 * time.Second,
	lvs.SCTPCookieReplied:    61 * time.Second,
	lvs.SCTPCookieWait:       61 * time.Second,
	lvs.SCTPCookie:           61 * time.Second,
	lvs.SCTPCookieEchoed:     61 * time.Second,
	lvs.SCTPEstablished:      900 * time.Second,
	lvs.SCTPShutdownSent:     61 * time.Second,
	lvs.SCTPShutdownReceived: 61 * time.Second,
	lvs.SCTPShutdownAckSent:  61 * time.Second,
	lvs.SCTPRejected:         4 * time.Second,
	lvs.SCTPClosed:           61 * time.Second,
}

const (
	sNO = lvs.SCTPNone
	sI1 = lvs.SCTPInit1
	sIN = lvs.SCTPInit
	sCS = lvs.SCTPCookieSent
	sCR = lvs.SCTPCookieReplied
	sCW = lvs.SCTPCookieWait
	sCO = lvs.SCTPCookie
	sCE = lvs.SCTPCookieEchoed
	sES = lvs.SCTPEstablished
	sSS = lvs.SCTPShutdownSent
	sSR = lvs.SCTPShutdownReceived
	sSA = lvs.SCTPShutdownAckSent
	sRJ = lvs.SCTPRejected
	sCL = lvs.SCTPClosed
)

// sctpStates is the kernel's sctp_states (ip_vs_proto_sctp.c): the next state
// for each current state, by table and event. The rows of TCP's events stay
// empty.
var sctpStates = [tables][events][lvs.SCTPStates]lvs.State{
	tableInput: {
		//                       NO   I1   IN   CS   CR   CW   CO   CE   ES   SS   SR   SA   RJ   CL
		EventData:             {sES, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventInit:             {sI1, sIN, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sIN, sIN},
		EventInitAck:          {sCW, sCW, sCW, sCS, sCR, sCO, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventCookieEcho:       {sCR, sIN, sIN, sCR, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventCookieAck:        {sES, sI1, sIN, sCS, sCR, sCW, sCO, sES, sES, sSS, sSR, sSA, sRJ, sCL},
		EventShutdown:         {sSR, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sSR, sSS, sSR, sSA, sRJ, sCL},
		EventShutdownAck:      {sCL, sIN, sIN, sCS, sCR, sCW, sCO, sCE, sES, sCL, sSR, sCL, sRJ, sCL},
		EventShutdownComplete: {sCL, sCL, sCL, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sCL, sRJ, sCL},
		EventError:            {sCL, sI1, sIN, sCS, sCR, sCW, sCO, sCL, sES, sSS, sSR, sSA, sRJ, sCL},
		EventAbort:            {sCL, sCL, sCL, sCL, sCL, sRJ, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL},
	},
	tableOutput: {
		//                       NO   I1   IN   CS   CR   CW   CO   CE   ES   SS   SR   SA   RJ   CL
		EventData:             {sES, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventInit:             {sCW, sCW, sCW, sCW, sCW, sCW, sCW, sCW, sES, sCW, sCW, sCW, sCW, sCW},
		EventInitAck:          {sCS, sCS, sCS, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventCookieEcho:       {sCE, sCE, sCE, sCE, sCE, sCE, sCE, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventCookieAck:        {sES, sES, sES, sES, sES, sES, sES, sES, sES, sSS, sSR, sSA, sRJ, sCL},
		EventShutdown:         {sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSR, sSA, sRJ, sCL},
		EventShutdownAck:      {sSA, sSA, sSA, sSA, sSA, sCW, sCO, sCE, sES, sSA, sSA, sSA, sRJ, sCL},
		EventShutdownComplete: {sCL, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventError:            {sCL, sCL, sCL, sCL, sCL, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventAbort:            {sCL, sRJ, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL},
	},
	tableInputOnly: {
		//                       NO   I1   IN   CS   CR   CW   CO   CE   ES   SS   SR   SA   RJ   CL
		EventData:             {sES, sI1, sIN, sCS, sCR, sES, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventInit:             {sI1, sIN, sIN, sIN, sIN, sIN, sCO, sCE, sES, sSS, sSR, sSA, sIN, sIN},
		EventInitAck:          {sCE, sCE, sCE, sCE, sCE, sCE, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventCookieEcho:       {sES, sES, sES, sES, sES, sES, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventCookieAck:        {sES, sI1, sIN, sES, sES, sCW, sES, sES, sES, sSS, sSR, sSA, sRJ, sCL},
		EventShutdown:         {sSR, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sSR, sSS, sSR, sSA, sRJ, sCL},
		EventShutdownAck:      {sCL, sIN, sIN, sCS, sCR, sCW, sCO, sCE, sCL, sCL, sSR, sCL, sRJ, sCL},
		EventShutdownComplete: {sCL, sCL, sCL, sCL, sCL, sCW, sCO, sCE, sES, sSS, sCL, sCL, sRJ, sCL},
		EventError:            {sCL, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL},
		EventAbort:            {sCL, sCL, sCL, sCL, sCL, sRJ, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL},
	},
}
