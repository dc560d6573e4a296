package conntrack

import (
	"strings"
	"testing"
	"time"

	"xlvs/lvs"
)

// The kernel's normal table, in the notation of its source: rows are events,
// columns states 0 to 10 in the order of the first row.
const kernelTable = `
states     NO ES SS SR FW TW CL CW LA LI SA
IN syn     SR ES ES SR SR SR SR SR SR SR SR
IN fin     CL CW SS TW TW TW CL CW LA LI TW
IN ack     ES ES SS ES FW TW CL CW CL LI ES
IN rst     CL CL CL SR CL CL CL CL LA LI SR
OUT syn    SS ES SS SR SS SS SS SS SS LI SR
OUT fin    TW FW SS TW FW TW CL TW LA LI TW
OUT ack    ES ES SS ES FW TW CL CW LA ES ES
OUT rst    CL CL SS CL CL TW CL CL CL CL CL
INONLY syn SR ES ES SR SR SR SR SR SR SR SR
INONLY fin CL FW SS TW FW TW CL CW LA LI TW
INONLY ack ES ES SS ES FW TW CL CW CL LI ES
INONLY rst CL CL CL SR CL CL CL CL LA LI CL
`

func TestTCPStatesAreTheKernels(t *testing.T) {
	tableOf := map[string]int{"IN": tableInput, "OUT": tableOutput, "INONLY": tableInputOnly}
	eventOf := map[string]Event{"syn": EventSYN, "fin": EventFIN, "ack": EventACK, "rst": EventRST}
	lines := strings.Split(strings.TrimSpace(kernelTable), "\n")
	names := strings.Fields(lines[0])[1:]
	for _, l := range lines[1:] {
		f := strings.Fields(l)
		for state, want := range f[2:] {
			got := tcpStates[tableOf[f[0]]][eventOf[f[1]]][state]
			if names[got] != want {
				t.Errorf("%s %s in state %s leads to %s, want %s", f[0], f[1], names[state], names[got], want)
			}
		}
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

// A step of a story: who sends what, and what the table says afterwards.
type storyStep struct {
	dir    Dir
	event  Event
	state  lvs.State
	active int32
	after  time.Duration // timeout of the new state
}

func TestConnectionStories(t *testing.T) {
	tests := map[string]struct {
		method lvs.Method
		proto  lvs.Protocol
		steps  []storyStep
	}{
		"nat, client closes": {lvs.NAT, lvs.TCP, []storyStep{
			{In, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{Out, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{In, EventACK, lvs.TCPEstablished, 1, 900 * time.Second},
			{In, EventFIN, lvs.TCPCloseWait, 0, 60 * time.Second},
			{Out, EventFIN, lvs.TCPTimeWait, 0, 120 * time.Second},
			{In, EventACK, lvs.TCPTimeWait, 0, 120 * time.Second},
		}},
		"nat, server resets": {lvs.NAT, lvs.TCP, []storyStep{
			{In, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{Out, EventRST, lvs.TCPClose, 0, 10 * time.Second},
		}},
		"client's reset in SYN_RECV does not close": {lvs.NAT, lvs.TCP, []storyStep{
			{In, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{In, EventRST, lvs.TCPSynRecv, 1, 60 * time.Second},
		}},
		"dr, replies unseen, stays in FIN_WAIT": {lvs.DirectRouting, lvs.TCP, []storyStep{
			{In, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{In, EventACK, lvs.TCPEstablished, 1, 900 * time.Second},
			{In, EventFIN, lvs.TCPFinWait, 0, 120 * time.Second},
			{In, EventACK, lvs.TCPFinWait, 0, 120 * time.Second},
		}},
		"dr, a reply seen, goes on with the full tables": {lvs.DirectRouting, lvs.TCP, []storyStep{
			{In, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{Out, EventSYN, lvs.TCPSynRecv, 1, 60 * time.Second},
			{In, EventACK, lvs.TCPEstablished, 1, 900 * time.Second},
			{In, EventFIN, lvs.TCPCloseWait, 0, 60 * time.Second},
		}},
		"udp is never active": {lvs.NAT, lvs.UDP, []storyStep{
			{In, EventNone, lvs.UDPNormal, 0, 300 * time.Second},
			{Out, EventNone, lvs.UDPNormal, 0, 300 * time.Second},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, loads := newTable(t, 10)
			con := connection(1, false, tt.proto, tt.method)
			var c Conn
			table.Insert(&c, &con, 0)
			now := Time(0)
			for i, s := range tt.steps {
				now += 7
				tu := con.Tuple
				if s.dir == Out {
					tu = reply(&con)
				}
				c, ok := find(table, tu, s.dir)
				if !ok {
					t.Fatalf("step %d: connection not found", i)
				}
				table.Step(&c, s.dir, s.event, now)
				c, _ = find(table, tu, s.dir)
				if c.State != s.state {
					t.Errorf("step %d: state = %s, want %s", i, lvs.StateName(tt.proto, c.State), lvs.StateName(tt.proto, s.state))
				}
				if got := loads.At(con.Dest).Active.Load(); got != s.active {
					t.Errorf("step %d: active = %d, want %d", i, got, s.active)
				}
				for l := range table.All() {
					if want := now + Time(ticks(s.after)); l.Expires != want {
						t.Errorf("step %d: expires = %d, want %d", i, l.Expires, want)
					}
				}
			}
		})
	}
}

func TestSetTimeoutsReachesConnectionsAtTheirNextPacket(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.UDP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	table.Step(&c, In, EventNone, 0)
	table.SetTimeouts(900*time.Second, 120*time.Second, 5*time.Second)
	if table.Sweep(299 * perSecond); table.Len() != 1 {
		t.Fatal("connection expired by a timeout set after its last packet")
	}
	table.Step(&c, In, EventNone, 299*perSecond)
	if table.Sweep(306 * perSecond); table.Len() != 0 {
		t.Error("connection outlived the timeout of its last packet")
	}
}
