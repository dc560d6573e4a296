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

var tcpStateNames = [TCPStates]string{
	"NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "SYNACK",
}

// StateName returns the name that `ipvsadm -Lc` prints for state s of protocol p.
func StateName(p Protocol, s State) string {
	switch {
	case p == TCP && s < TCPStates:
		return tcpStateNames[s]
	case p == UDP && s == UDPNormal:
		return "UDP"
	}
	return "NONE"
}

// TCPActive reports whether a TCP connection in state s counts as active: from
// its SYN until one side closes.
func (s State) TCPActive() bool {
	return s == TCPEstablished || s == TCPSynSent || s == TCPSynRecv || s == TCPSynAck
}
