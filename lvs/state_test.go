package lvs

import "testing"

// A stateRow is what the kernel's tables of a protocol say about one state.
type stateRow struct {
	state  State
	name   string
	active bool
}

// checkStates holds the states of p against rows, which are in the order of the
// kernel's numbers.
func checkStates(t *testing.T, p Protocol, rows []stateRow) {
	for number, r := range rows {
		if int(r.state) != number {
			t.Errorf("%v %s is %d, want %d", p, r.name, r.state, number)
		}
		if got := StateName(p, r.state); got != r.name {
			t.Errorf("StateName(%v, %d) = %q, want %q", p, r.state, got, r.name)
		}
		if got := Active(p, r.state); got != r.active {
			t.Errorf("Active(%v, %s) = %t, want %t", p, r.name, got, r.active)
		}
	}
}

// TestTCPStates has tcp_state_name_table and tcp_state_active_table.
func TestTCPStates(t *testing.T) {
	rows := []stateRow{
		{TCPNone, "NONE", false},
		{TCPEstablished, "ESTABLISHED", true},
		{TCPSynSent, "SYN_SENT", true},
		{TCPSynRecv, "SYN_RECV", true},
		{TCPFinWait, "FIN_WAIT", false},
		{TCPTimeWait, "TIME_WAIT", false},
		{TCPClose, "CLOSE", false},
		{TCPCloseWait, "CLOSE_WAIT", false},
		{TCPLastAck, "LAST_ACK", false},
		{TCPListen, "LISTEN", false},
		{TCPSynAck, "SYNACK", true},
	}
	checkStates(t, TCP, rows)
	if int(TCPStates) != len(rows) {
		t.Errorf("TCPStates = %d, want %d", TCPStates, len(rows))
	}
}

// TestSCTPStates has sctp_state_name_table; one state alone is active.
func TestSCTPStates(t *testing.T) {
	rows := []stateRow{
		{SCTPNone, "NONE", false},
		{SCTPInit1, "INIT1", false},
		{SCTPInit, "INIT", false},
		{SCTPCookieSent, "C-SENT", false},
		{SCTPCookieReplied, "C-REPLIED", false},
		{SCTPCookieWait, "C-WAIT", false},
		{SCTPCookie, "COOKIE", false},
		{SCTPCookieEchoed, "C-ECHOED", false},
		{SCTPEstablished, "ESTABLISHED", true},
		{SCTPShutdownSent, "S-SENT", false},
		{SCTPShutdownReceived, "S-RECEIVED", false},
		{SCTPShutdownAckSent, "S-ACK-SENT", false},
		{SCTPRejected, "REJECTED", false},
		{SCTPClosed, "CLOSED", false},
	}
	checkStates(t, SCTP, rows)
	if int(SCTPStates) != len(rows) {
		t.Errorf("SCTPStates = %d, want %d", SCTPStates, len(rows))
	}
}

func TestStatesOfOthers(t *testing.T) {
	tests := map[string]struct {
		proto Protocol
		state State
		want  string
	}{
		"UDP":                    {UDP, UDPNormal, "UDP"},
		"UDP in no such state":   {UDP, 1, "NONE"},
		"TCP past the last one":  {TCP, TCPStates, "NONE"},
		"SCTP past the last one": {SCTP, SCTPStates, "NONE"},
		"AH":                     {AH, 0, "NONE"},
		"ESP":                    {ESP, 0, "NONE"},
		"ICMP":                   {ICMP, 0, "NONE"},
		"any protocol":           {IP, 0, "NONE"},
	}
	for name, tt := range tests {
		if got := StateName(tt.proto, tt.state); got != tt.want {
			t.Errorf("%s: StateName(%v, %d) = %q, want %q", name, tt.proto, tt.state, got, tt.want)
		}
		if Active(tt.proto, tt.state) {
			t.Errorf("%s: Active(%v, %d) = true, want false", name, tt.proto, tt.state)
		}
	}
}
