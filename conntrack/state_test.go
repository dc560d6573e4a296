package conntrack

import (
	"strings"
	"testing"

	"xlvs/lvs"
)

// A stateTable is a table of the kernel as text: the first row has the states in
// the order of their numbers; each other row names a table and an event, and
// the states that follow those above.
type stateTable struct {
	proto  lvs.Protocol
	secure bool
	states int
	events map[string]Event
	text   string
}

// check compares every cell with what nextState says, and makes sure that every
// event has its row in every table.
func (st *stateTable) check(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(st.text), "\n")
	names := cells(lines[0])[1:]
	if len(names) != st.states {
		t.Fatalf("columns for %d states, want %d", len(names), st.states)
	}
	tableOf := map[string]int{"IN": tableInput, "OUT": tableOutput, "INONLY": tableInputOnly}
	rows := map[string]bool{}
	for _, l := range lines[1:] {
		row := cells(l)
		rows[row[0]] = true
		dir, event, _ := strings.Cut(row[0], " ")
		ev, ok := st.events[event]
		if !ok {
			t.Fatalf("no event for row %q", row[0])
		}
		for state, want := range row[1:] {
			got := nextState(st.proto, tableOf[dir], ev, lvs.State(state), st.secure)
			if names[got] != want {
				t.Errorf("%s in state %s leads to %s, want %s", row[0], names[state], names[got], want)
			}
		}
	}
	if want := tables * len(st.events); len(rows) != want {
		t.Errorf("rows for %d events, want %d", len(rows), want)
	}
}

// cells returns what stands between the bars of a row.
func cells(row string) []string {
	list := strings.Split(strings.Trim(row, "| "), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func TestNextStateElsewhere(t *testing.T) {
	tests := map[string]struct {
		proto lvs.Protocol
		event Event
		state lvs.State
		want  lvs.State
	}{
		"udp stays":                       {lvs.UDP, EventNone, lvs.UDPNormal, lvs.UDPNormal},
		"esp stays":                       {lvs.ESP, EventRST, 0, 0},
		"no flag closes a tcp connection": {lvs.TCP, EventNone, lvs.TCPEstablished, lvs.TCPClose},
		"tcp with an event of sctp":       {lvs.TCP, EventAbort, lvs.TCPEstablished, lvs.TCPEstablished},
		"sctp with an event of tcp":       {lvs.SCTP, EventRST, lvs.SCTPEstablished, lvs.SCTPEstablished},
		"tcp in a state of sctp":          {lvs.TCP, EventRST, lvs.SCTPClosed, lvs.SCTPClosed},
		"sctp in no such state":           {lvs.SCTP, EventAbort, lvs.SCTPStates, lvs.SCTPStates},
		"no such event":                   {lvs.SCTP, events, lvs.SCTPInit, lvs.SCTPInit},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for table := range tables {
				for _, secure := range []bool{false, true} {
					if got := nextState(tt.proto, table, tt.event, tt.state, secure); got != tt.want {
						t.Errorf("nextState(%v, %d, %d, %d, %t) = %d, want %d",
							tt.proto, table, tt.event, tt.state, secure, got, tt.want)
					}
				}
			}
		})
	}
}
