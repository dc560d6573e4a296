package conntrack

import (
	"testing"
	"time"

	"xlvs/lvs"
)

const sctpNormal = `
| dir/event | NO | I1 | IN | CS | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| IN d | ES | I1 | IN | CS | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| IN i | I1 | IN | IN | CS | CR | CW | CO | CE | ES | SS | SR | SA | IN | IN |
| IN ia | CW | CW | CW | CS | CR | CO | CO | CE | ES | SS | SR | SA | RJ | CL |
| IN ce | CR | IN | IN | CR | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| IN ca | ES | I1 | IN | CS | CR | CW | CO | ES | ES | SS | SR | SA | RJ | CL |
| IN s | SR | I1 | IN | CS | CR | CW | CO | CE | SR | SS | SR | SA | RJ | CL |
| IN sa | CL | IN | IN | CS | CR | CW | CO | CE | ES | CL | SR | CL | RJ | CL |
| IN sc | CL | CL | CL | CS | CR | CW | CO | CE | ES | SS | SR | CL | RJ | CL |
| IN err | CL | I1 | IN | CS | CR | CW | CO | CL | ES | SS | SR | SA | RJ | CL |
| IN ab | CL | CL | CL | CL | CL | RJ | CL | CL | CL | CL | CL | CL | CL | CL |
| OUT d | ES | I1 | IN | CS | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| OUT i | CW | CW | CW | CW | CW | CW | CW | CW | ES | CW | CW | CW | CW | CW |
| OUT ia | CS | CS | CS | CS | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| OUT ce | CE | CE | CE | CE | CE | CE | CE | CE | ES | SS | SR | SA | RJ | CL |
| OUT ca | ES | ES | ES | ES | ES | ES | ES | ES | ES | SS | SR | SA | RJ | CL |
| OUT s | SS | SS | SS | SS | SS | SS | SS | SS | SS | SS | SR | SA | RJ | CL |
| OUT sa | SA | SA | SA | SA | SA | CW | CO | CE | ES | SA | SA | SA | RJ | CL |
| OUT sc | CL | I1 | IN | CS | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| OUT err | CL | CL | CL | CL | CL | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| OUT ab | CL | RJ | CL | CL | CL | CL | CL | CL | CL | CL | CL | CL | CL | CL |
| INONLY d | ES | I1 | IN | CS | CR | ES | CO | CE | ES | SS | SR | SA | RJ | CL |
| INONLY i | I1 | IN | IN | IN | IN | IN | CO | CE | ES | SS | SR | SA | IN | IN |
| INONLY ia | CE | CE | CE | CE | CE | CE | CO | CE | ES | SS | SR | SA | RJ | CL |
| INONLY ce | ES | ES | ES | ES | ES | ES | CO | CE | ES | SS | SR | SA | RJ | CL |
| INONLY ca | ES | I1 | IN | ES | ES | CW | ES | ES | ES | SS | SR | SA | RJ | CL |
| INONLY s | SR | I1 | IN | CS | CR | CW | CO | CE | SR | SS | SR | SA | RJ | CL |
| INONLY sa | CL | IN | IN | CS | CR | CW | CO | CE | CL | CL | SR | CL | RJ | CL |
| INONLY sc | CL | CL | CL | CL | CL | CW | CO | CE | ES | SS | CL | CL | RJ | CL |
| INONLY err | CL | I1 | IN | CS | CR | CW | CO | CE | ES | SS | SR | SA | RJ | CL |
| INONLY ab | CL | CL | CL | CL | CL | RJ | CL | CL | CL | CL | CL | CL | CL | CL |
`

func TestSCTPStatesAreTheKernels(t *testing.T) {
	for _, secure := range []bool{false, true} { // secure_tcp does not concern it
		st := stateTable{
			proto: lvs.SCTP, secure: secure, states: int(lvs.SCTPStates), text: sctpNormal,
			events: map[string]Event{
				"d": EventData, "i": EventInit, "ia": EventInitAck, "ce": EventCookieEcho, "ca": EventCookieAck,
				"s": EventShutdown, "sa": EventShutdownAck, "sc": EventShutdownComplete, "err": EventError, "ab": EventAbort,
			},
		}
		st.check(t)
	}
}

// TestSCTPTimeouts has the kernel's sctp_timeouts, in seconds.
func TestSCTPTimeouts(t *testing.T) {
	want := [...]int{2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61}
	for s, seconds := range want {
		if got := sctpTimeouts[s]; got != time.Duration(seconds)*time.Second {
			t.Errorf("%s lasts %v, want %d s", lvs.StateName(lvs.SCTP, lvs.State(s)), got, seconds)
		}
	}
	if len(sctpTimeouts) != len(want) {
		t.Errorf("%d timeouts, want %d", len(sctpTimeouts), len(want))
	}
}

// TestSCTPEventOfEveryType has the kernel's sctp_events.
func TestSCTPEventOfEveryType(t *testing.T) {
	want := map[uint8]Event{
		1: EventInit, 2: EventInitAck, 6: EventAbort, 7: EventShutdown, 8: EventShutdownAck,
		9: EventError, 10: EventCookieEcho, 11: EventCookieAck, 14: EventShutdownComplete,
	}
	for kind := range 256 {
		ev, ok := want[uint8(kind)]
		if !ok {
			ev = EventData
		}
		if got, ok := SCTPEvent([]byte{byte(kind), 0, 0, 4}); !ok || got != ev {
			t.Errorf("SCTPEvent of chunk type %d = %d, %t, want %d, true", kind, got, ok, ev)
		}
	}
}

func TestSCTPChunks(t *testing.T) {
	tests := map[string]struct {
		chunks []byte
		ok     bool
		event  Event
		aborts bool
	}{
		"no chunk":                        {nil, false, EventData, false},
		"half a chunk header":             {[]byte{1, 0, 0}, false, EventData, false},
		"half an abort":                   {[]byte{6, 0, 0}, false, EventData, false},
		"init":                            {[]byte{1, 0, 0, 20}, true, EventInit, false},
		"data":                            {[]byte{0, 3, 0, 17}, true, EventData, false},
		"init ack":                        {[]byte{2, 0, 0, 20}, true, EventInitAck, false},
		"abort":                           {[]byte{6, 0, 0, 4}, true, EventAbort, true},
		"abort after data":                {[]byte{0, 3, 0, 4, 6, 0, 0, 4}, true, EventData, false},
		"abort after cookie echo":         {[]byte{10, 0, 0, 4, 6, 0, 0, 4}, true, EventAbort, false},
		"abort after padded cookie echo":  {[]byte{10, 0, 0, 5, 'c', 0, 0, 0, 6, 0, 0, 4}, true, EventAbort, false},
		"abort after cookie ack":          {[]byte{11, 0, 0, 4, 6, 0, 0, 4}, true, EventAbort, false},
		"data after cookie echo":          {[]byte{10, 0, 0, 4, 0, 3, 0, 4}, true, EventCookieEcho, false},
		"half an abort after cookie ack":  {[]byte{11, 0, 0, 4, 6, 0, 0}, true, EventCookieAck, false},
		"cookie echo shorter than itself": {[]byte{10, 0, 0, 3, 6, 0, 0, 4}, true, EventCookieEcho, false},
		"cookie echo of no length":        {[]byte{10, 0, 0, 0, 6, 0, 0, 4}, true, EventCookieEcho, false},
		"cookie echo past the packet":     {[]byte{10, 0, 0xff, 0xff, 6, 0, 0, 4}, true, EventCookieEcho, false},
		"type above all":                  {[]byte{0xff, 0, 0, 4}, true, EventData, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if ev, ok := SCTPEvent(tt.chunks); ev != tt.event || ok != tt.ok {
				t.Errorf("SCTPEvent(% x) = %d, %t, want %d, %t", tt.chunks, ev, ok, tt.event, tt.ok)
			}
			if got := SCTPAborts(tt.chunks); got != tt.aborts {
				t.Errorf("SCTPAborts(% x) = %t, want %t", tt.chunks, got, tt.aborts)
			}
		})
	}
}

func FuzzSCTPEvent(f *testing.F) {
	f.Add([]byte{10, 0, 0, 5, 'c', 0, 0, 0, 6, 0, 0, 4})
	f.Add([]byte{11, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, chunks []byte) {
		ev, ok := SCTPEvent(chunks)
		if ev < EventData || ev >= events {
			t.Errorf("SCTPEvent(% x) = %d, which is none of SCTP's", chunks, ev)
		}
		if ok != (len(chunks) >= 4) {
			t.Errorf("SCTPEvent(% x) ok = %t", chunks, ok)
		}
		if SCTPAborts(chunks) && ev != EventAbort {
			t.Errorf("% x aborts, but its event is %d", chunks, ev)
		}
	})
}
