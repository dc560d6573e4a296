package conntrack

import (
	"testing"
	"time"

	"xlvs/lvs"
)

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

// With secure_tcp the client's word is not enough; connections follow the other
// table from their next packet.
func TestSecureTCP(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	for i, s := range []struct {
		secure bool
		dir    Dir
		event  Event
		want   lvs.State
	}{
		{true, In, EventSYN, lvs.TCPSynRecv},
		{true, In, EventACK, lvs.TCPSynRecv},
		{true, Out, EventSYN, lvs.TCPSynAck},
		{true, In, EventACK, lvs.TCPSynAck},
		{true, Out, EventACK, lvs.TCPEstablished},
		{true, In, EventSYN, lvs.TCPEstablished},
		{true, In, EventRST, lvs.TCPClose},
		{true, In, EventSYN, lvs.TCPSynRecv},
		{false, In, EventACK, lvs.TCPEstablished},
	} {
		table.SetSecureTCP(s.secure)
		table.Step(&c, s.dir, s.event, 0)
		if c, _ = find(table, con.Tuple, In); c.State != s.want {
			t.Errorf("step %d: state = %s, want %s", i, lvs.StateName(lvs.TCP, c.State), lvs.StateName(lvs.TCP, s.want))
		}
	}
}

// Of two workers the slower one has looked the connection up before the other
// moved it to a state with a shorter timeout: that one counts.
func TestPacketOfAFormerStateDoesNotProlong(t *testing.T) {
	tests := map[string]struct {
		now     Time
		expires Time
	}{
		"in the same tick": {10, 10 + 10*perSecond},
		"a tick later":     {11, 11 + 10*perSecond},
		"a second later":   {20, 20 + 10*perSecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, loads := newTable(t, 10)
			con := connection(1, false, lvs.TCP, lvs.NAT)
			var c Conn
			table.Insert(&c, &con, 0)
			table.Step(&c, In, EventSYN, 0)
			table.Step(&c, In, EventACK, 0)
			slow, _ := find(table, con.Tuple, In)
			fast, _ := find(table, reply(&con), Out)
			table.Step(&fast, Out, EventRST, 10)
			table.Step(&slow, In, EventACK, tt.now)
			if slow.State != lvs.TCPClose || loads.At(con.Dest).Active.Load() != 0 {
				t.Errorf("state = %s, %d active", lvs.StateName(lvs.TCP, slow.State), loads.At(con.Dest).Active.Load())
			}
			for l := range table.All() {
				if l.State != lvs.TCPClose || l.Expires != tt.expires {
					t.Errorf("in the table: %s until %d, want CLOSE until %d", lvs.StateName(lvs.TCP, l.State), l.Expires, tt.expires)
				}
			}
		})
	}
}
