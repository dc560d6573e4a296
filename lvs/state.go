package lvs

// A State is a connection's state, numbered per protocol as the kernel numbers
// it; sync messages and /proc/net/ip_vs_conn carry these numbers.
type State uint8

// The states of a TCP connection.
const (
	TCPNone State = iota
	TCPEstablished
	TCPSynSent
	TCPSynRecv
	TCPFinWait
	TCPTimeWait
	TCPClose
	TCPCloseWait
	TCPLastAck
	TCPListen
	TCPSynAck
	TCPStates // how many there are
)

// UDPNormal is the one state of a UDP connection.
const UDPNormal State = 0

// The states of an SCTP connection.
const (
	SCTPNone State = iota
	SCTPInit1
	SCTPInit
	SCTPCookieSent
	SCTPCookieReplied
	SCTPCookieWait
	SCTPCookie
	SCTPCookieEchoed
	SCTPEstablished
	SCTPShutdownSent
	SCTPShutdownReceived
	SCTPShutdownAckSent
	SCTPRejected
	SCTPClosed
	SCTPStates // how many there are
)

var tcpStateNames = [TCPStates]string{
	"NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "SYNACK",
}

var sctpStateNames = [SCTPStates]string{
	"NONE", "INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED",
	"ESTABLISHED", "S-SENT", "S-RECEIVED", "S-ACK-SENT", "REJECTED", "CLOSED",
}

// StateName returns the name that `ipvsadm -Lc` prints for state s of protocol
// p. AH and ESP have no states, so theirs is "NONE".
func StateName(p Protocol, s State) string {
	switch {
	case p == TCP && s < TCPStates:
		return tcpStateNames[s]
	case p == SCTP && s < SCTPStates:
		return sctpStateNames[s]
	case p == UDP && s == UDPNormal:
		return "UDP"
	}
	return "NONE"
}

// Active reports whether a connection of protocol p in state s counts as active:
// of TCP from its SYN until one side closes, of SCTP while it is established, of
// other protocols never.
func Active(p Protocol, s State) bool {
	switch p {
	case TCP:
		return s == TCPEstablished || s == TCPSynSent || s == TCPSynRecv || s == TCPSynAck
	case SCTP:
		return s == SCTPEstablished
	}
	return false
}
