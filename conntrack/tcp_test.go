package conntrack

import (
	"testing"
	"time"

	"xlvs/lvs"
)

const tcpNormal = `
| dir/event | NO | ES | SS | SR | FW | TW | CL | CW | LA | LI | SA |
| IN syn | SR | ES | ES | SR | SR | SR | SR | SR | SR | SR | SR |
| IN fin | CL | CW | SS | TW | TW | TW | CL | CW | LA | LI | TW |
| IN ack | ES | ES | SS | ES | FW | TW | CL | CW | CL | LI | ES |
| IN rst | CL | CL | CL | SR | CL | CL | CL | CL | LA | LI | SR |
| OUT syn | SS | ES | SS | SR | SS | SS | SS | SS | SS | LI | SR |
| OUT fin | TW | FW | SS | TW | FW | TW | CL | TW | LA | LI | TW |
| OUT ack | ES | ES | SS | ES | FW | TW | CL | CW | LA | ES | ES |
| OUT rst | CL | CL | SS | CL | CL | TW | CL | CL | CL | CL | CL |
| INONLY syn | SR | ES | ES | SR | SR | SR | SR | SR | SR | SR | SR |
| INONLY fin | CL | FW | SS | TW | FW | TW | CL | CW | LA | LI | TW |
| INONLY ack | ES | ES | SS | ES | FW | TW | CL | CW | CL | LI | ES |
| INONLY rst | CL | CL | CL | SR | CL | CL | CL | CL | LA | LI | CL |
`

const tcpSecure = `
| dir/event | NO | ES | SS | SR | FW | TW | CL | CW | LA | LI | SA |
| IN syn | SR | ES | ES | SR | SR | SR | SR | SR | SR | SR | SA |
| IN fin | CL | CW | SS | TW | TW | TW | CL | CW | LA | LI | SA |
| IN ack | ES | ES | SS | SR | FW | TW | CL | CW | CL | LI | SA |
| IN rst | CL | CL | CL | SR | CL | CL | CL | CL | LA | LI | CL |
| OUT syn | SS | ES | SS | SA | SS | SS | SS | SS | SS | LI | SA |
| OUT fin | TW | FW | SS | TW | FW | TW | CL | TW | LA | LI | TW |
| OUT ack | ES | ES | SS | ES | FW | TW | CL | CW | LA | ES | ES |
| OUT rst | CL | CL | SS | CL | CL | TW | CL | CL | CL | CL | CL |
| INONLY syn | SA | ES | ES | SR | SA | SA | SA | SA | SA | SA | SA |
| INONLY fin | CL | FW | SS | TW | FW | TW | CL | CW | LA | LI | TW |
| INONLY ack | ES | ES | SS | ES | FW | TW | CL | CW | CL | LI | ES |
| INONLY rst | CL | CL | CL | SR | CL | CL | CL | CL | LA | LI | CL |
`

func TestTCPStatesAreTheKernels(t *testing.T) {
	tests := map[string]struct {
		secure bool
		text   string
	}{
		"normal":     {false, tcpNormal},
		"secure_tcp": {true, tcpSecure},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			st := stateTable{
				proto: lvs.TCP, secure: tt.secure, states: int(lvs.TCPStates), text: tt.text,
				events: map[string]Event{"syn": EventSYN, "fin": EventFIN, "ack": EventACK, "rst": EventRST},
			}
			st.check(t)
		})
	}
}

// TestTCPTimeouts has the kernel's tcp_timeouts, in seconds.
func TestTCPTimeouts(t *testing.T) {
	want := [...]int{2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120}
	for s, seconds := range want {
		if got := tcpTimeouts[s]; got != time.Duration(seconds)*time.Second {
			t.Errorf("%s lasts %v, want %d s", lvs.StateName(lvs.TCP, lvs.State(s)), got, seconds)
		}
	}
	if len(tcpTimeouts) != len(want) {
		t.Errorf("%d timeouts, want %d", len(tcpTimeouts), len(want))
	}
}

func TestTCPEvent(t *testing.T) {
	const fin, syn, rst, psh, ack = 1, 2, 4, 8, 16
	tests := map[string]struct {
		flags uint8
		want  Event
	}{
		"reset wins over all":   {rst | syn | fin | ack, EventRST},
		"syn wins over fin":     {syn | fin | ack, EventSYN},
		"syn with ack is a syn": {syn | ack, EventSYN},
		"fin wins over ack":     {fin | ack, EventFIN},
		"data":                  {psh | ack, EventACK},
		"push alone is none":    {psh, EventNone},
		"no flag at all":        {0, EventNone},
		"urgent, ece, cwr, ack": {0xf0, EventACK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := TCPEvent(tt.flags); got != tt.want {
				t.Errorf("TCPEvent(%#x) = %d, want %d", tt.flags, got, tt.want)
			}
		})
	}
}
