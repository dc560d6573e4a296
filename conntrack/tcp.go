package conntrack

import (
	"time"

	"xlvs/lvs"
)

// TCPEvent returns the event of a packet with these flags (RFC 9293, 3.1).
func TCPEvent(flags uint8) Event { return tcpEventOf[flags&0x17] }

// tcpEventOf has the event of every combination of FIN 1, SYN 2, RST 4, ACK 16.
var tcpEventOf = func() (t [0x18]Event) {
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
	tNO = lvs.TCPNone
	tES = lvs.TCPEstablished
	tSS = lvs.TCPSynSent
	tSR = lvs.TCPSynRecv
	tFW = lvs.TCPFinWait
	tTW = lvs.TCPTimeWait
	tCL = lvs.TCPClose
	tCW = lvs.TCPCloseWait
	tLA = lvs.TCPLastAck
	tLI = lvs.TCPListen
	tSA = lvs.TCPSynAck
)

// tcpStates is the kernel's tcp_states (ip_vs_proto_tcp.c): the next state for
// each current state, by table and event. A packet without any of the four
// flags closes the connection.
var tcpStates = [tables][tcpEvents][lvs.TCPStates]lvs.State{
	tableInput: {
		//           NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {tSR, tES, tES, tSR, tSR, tSR, tSR, tSR, tSR, tSR, tSR},
		EventFIN:  {tCL, tCW, tSS, tTW, tTW, tTW, tCL, tCW, tLA, tLI, tTW},
		EventACK:  {tES, tES, tSS, tES, tFW, tTW, tCL, tCW, tCL, tLI, tES},
		EventRST:  {tCL, tCL, tCL, tSR, tCL, tCL, tCL, tCL, tLA, tLI, tSR},
		EventNone: {tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL},
	},
	tableOutput: {
		//           NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {tSS, tES, tSS, tSR, tSS, tSS, tSS, tSS, tSS, tLI, tSR},
		EventFIN:  {tTW, tFW, tSS, tTW, tFW, tTW, tCL, tTW, tLA, tLI, tTW},
		EventACK:  {tES, tES, tSS, tES, tFW, tTW, tCL, tCW, tLA, tES, tES},
		EventRST:  {tCL, tCL, tSS, tCL, tCL, tTW, tCL, tCL, tCL, tCL, tCL},
		EventNone: {tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL},
	},
	tableInputOnly: {
		//           NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {tSR, tES, tES, tSR, tSR, tSR, tSR, tSR, tSR, tSR, tSR},
		EventFIN:  {tCL, tFW, tSS, tTW, tFW, tTW, tCL, tCW, tLA, tLI, tTW},
		EventACK:  {tES, tES, tSS, tES, tFW, tTW, tCL, tCW, tCL, tLI, tES},
		EventRST:  {tCL, tCL, tCL, tSR, tCL, tCL, tCL, tCL, tLA, tLI, tCL},
		EventNone: {tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL},
	},
}

// tcpSecureStates is the kernel's tcp_states_dos, which a connection goes by
// while secure_tcp is on: to be ESTABLISHED it takes an ACK of the server, where
// the director sees one.
var tcpSecureStates = [tables][tcpEvents][lvs.TCPStates]lvs.State{
	tableInput: {
		//           NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {tSR, tES, tES, tSR, tSR, tSR, tSR, tSR, tSR, tSR, tSA},
		EventFIN:  {tCL, tCW, tSS, tTW, tTW, tTW, tCL, tCW, tLA, tLI, tSA},
		EventACK:  {tES, tES, tSS, tSR, tFW, tTW, tCL, tCW, tCL, tLI, tSA},
		EventRST:  {tCL, tCL, tCL, tSR, tCL, tCL, tCL, tCL, tLA, tLI, tCL},
		EventNone: {tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL},
	},
	tableOutput: {
		//           NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {tSS, tES, tSS, tSA, tSS, tSS, tSS, tSS, tSS, tLI, tSA},
		EventFIN:  {tTW, tFW, tSS, tTW, tFW, tTW, tCL, tTW, tLA, tLI, tTW},
		EventACK:  {tES, tES, tSS, tES, tFW, tTW, tCL, tCW, tLA, tES, tES},
		EventRST:  {tCL, tCL, tSS, tCL, tCL, tTW, tCL, tCL, tCL, tCL, tCL},
		EventNone: {tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL},
	},
	tableInputOnly: {
		//           NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA
		EventSYN:  {tSA, tES, tES, tSR, tSA, tSA, tSA, tSA, tSA, tSA, tSA},
		EventFIN:  {tCL, tFW, tSS, tTW, tFW, tTW, tCL, tCW, tLA, tLI, tTW},
		EventACK:  {tES, tES, tSS, tES, tFW, tTW, tCL, tCW, tCL, tLI, tES},
		EventRST:  {tCL, tCL, tCL, tSR, tCL, tCL, tCL, tCL, tLA, tLI, tCL},
		EventNone: {tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL, tCL},
	},
}
