package conntrack

import (
	"time"

	"xlvs/lvs"
)

// An Event is what a TCP packet's flags mean to the state machine.
type Event uint8

// The events, in the order in which flags are looked at once RST has been
// ruled out.
const (
	EventSYN Event = iota
	EventFIN
	EventACK
	EventRST
	EventNone // none of the four flags
	events
)

// TCPEvent returns the event of a packet with these flags (RFC 9293, 3.1).
func TCPEvent(flags uint8) Event { return tcpEvents[flags&0x17] }

// tcpEvents has the event of every combination of FIN 1, SYN 2, RST 4, ACK 16.
var tcpEvents = func() (t [0x18]Event) {
	for flags := range t {
		switch {
		case flags&4 != 0:
			t[flags] = EventRST
		case flags&2 != 0:
			t[flags] = EventSYN
		case flags&1 != 0:
			t[flags] = EventFIN
		case flags&16 != 0:
			t[flags] = EventACK
		default:
			t[flags] = EventNone
		}
	}
	return t
}()

var tcpTimeouts = [lvs.TCPStates]time.Duration{
	lvs.TCPNone:        2 * time.Second,
	lvs.TCPEstablished: 900 * time.Second,
	lvs.TCPSynSent:     120 * time.Second,
	lvs.TCPSynRecv:     60 * time.Second,
	lvs.TCPFinWait:     120 * time.Second,
	lvs.TCPTimeWait:    120 * time.Second,
	lvs.TCPClose:       10 * time.Second,
	lvs.TCPCloseWait:   60 * time.Second,
	lvs.TCPLastAck:     30 * time.Second,
	lvs.TCPListen:      120 * time.Second,
	lvs.TCPSynAck:      120 * time.Second,
}

const (
	sNO = lvs.TCPNone
	sES = lvs.TCPEstablished
	sSS = lvs.TCPSynSent
	sSR = lvs.TCPSynRecv
	sFW = lvs.TCPFinWait
	sTW = lvs.TCPTimeWait
	sCL = lvs.TCPClose
	sCW = lvs.TCPCloseWait
	sLA = lvs.TCPLastAck
	sLI = lvs.TCPListen
	sSA = lvs.TCPSynAck
)

// The tables: requests, replies, and requests of a connection whose replies the
// director has not seen (dr, tun).
const (
	tableInput = iota
	tableOutput
	tableInputOnly
	tables
)

// tcpStates is the kernel's tcp_states (ip_vs_proto_tcp.c): the next state for
// each current state, by table and event. A packet without any of the four
// flags closes the connection.
var tcpStates = [tables][events][lvs.TCPStates]lvs.State{
	tableInput: {
		//          NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {sSR, sES, sES, sSR, sSR, sSR, sSR, sSR, sSR, sSR, sSR},
		EventFIN:  {sCL, sCW, sSS, sTW, sTW, sTW, sCL, sCW, sLA, sLI, sTW},
		EventACK:  {sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sCL, sLI, sES},
		EventRST:  {sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sSR},
		EventNone: {sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL},
	},
	tableOutput: {
		//          NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {sSS, sES, sSS, sSR, sSS, sSS, sSS, sSS, sSS, sLI, sSR},
		EventFIN:  {sTW, sFW, sSS, sTW, sFW, sTW, sCL, sTW, sLA, sLI, sTW},
		EventACK:  {sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sLA, sES, sES},
		EventRST:  {sCL, sCL, sSS, sCL, sCL, sTW, sCL, sCL, sCL, sCL, sCL},
		EventNone: {sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL},
	},
	tableInputOnly: {
		//          NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {sSR, sES, sES, sSR, sSR, sSR, sSR, sSR, sSR, sSR, sSR},
		EventFIN:  {sCL, sFW, sSS, sTW, sFW, sTW, sCL, sCW, sLA, sLI, sTW},
		EventACK:  {sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sCL, sLI, sES},
		EventRST:  {sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sCL},
		EventNone: {sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL},
	},
}
