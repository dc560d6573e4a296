package lvs

import "testing"

// TestTCPStates has the kernel's numbers, the names of its tcp_state_name_table
// and what its tcp_state_active_table says.
func TestTCPStates(t *testing.T) {
	tests := []struct {
		state  State
		name   string
		active bool
	}{
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
	for number, tt := range tests {
		if int(tt.state) != number {
			t.Errorf("%s is %d, want %d", tt.name, tt.state, number)
		}
		if got := StateName(TCP, tt.state); got != tt.name {
			t.Errorf("StateName(TCP, %d) = %q, want %q", tt.state, got, tt.name)
		}
		if got := tt.state.TCPActive(); got != tt.active {
			t.Errorf("%s: TCPActive() = %t, want %t", tt.name, got, tt.active)
		}
	}
	if int(TCPStates) != len(tests) {
		t.Errorf("TCPStates = %d, want %d", TCPStates, len(tests))
	}
}

func TestStateNameOfOthers(t *testing.T) {
	tests := map[string]struct {
		proto Protocol
		state State
		want  string
	}{
		"UDP":                   {UDP, UDPNormal, "UDP"},
		"UDP in no such state":  {UDP, 1, "NONE"},
		"TCP past the last one": {TCP, TCPStates, "NONE"},
		"ICMP":                  {ICMP, 0, "NONE"},
	}
	for name, tt := range tests {
		if got := StateName(tt.proto, tt.state); got != tt.want {
			t.Errorf("%s: StateName(%v, %d) = %q, want %q", name, tt.proto, tt.state, got, tt.want)
		}
	}
}
