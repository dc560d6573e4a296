package conntrack

import (
	"testing"
	"time"

	"xlvs/lvs"
)

func TestReusable(t *testing.T) {
	nat, dr, child := Conn{}, Conn{flags: flagNoOutput}, Conn{flags: flagChild}
	tests := map[string]struct {
		conn  Conn
		proto lvs.Protocol
		state lvs.State
		want  [4]bool // by conn_reuse_mode
	}{
		"established":                  {nat, lvs.TCP, lvs.TCPEstablished, [4]bool{}},
		"closed":                       {nat, lvs.TCP, lvs.TCPClose, [4]bool{false, true, true, true}},
		"waiting":                      {nat, lvs.TCP, lvs.TCPTimeWait, [4]bool{false, true, true, true}},
		"half closed":                  {nat, lvs.TCP, lvs.TCPFinWait, [4]bool{}},
		"half closed, replies unseen":  {dr, lvs.TCP, lvs.TCPFinWait, [4]bool{false, false, true, true}},
		"waiting, replies unseen":      {dr, lvs.TCP, lvs.TCPTimeWait, [4]bool{false, true, true, true}},
		"closed, but has a parent":     {child, lvs.TCP, lvs.TCPClose, [4]bool{}},
		"sctp closed":                  {nat, lvs.SCTP, lvs.SCTPClosed, [4]bool{false, true, true, true}},
		"sctp established":             {nat, lvs.SCTP, lvs.SCTPEstablished, [4]bool{}},
		"sctp in the state CLOSE is 6": {nat, lvs.SCTP, lvs.TCPClose, [4]bool{}},
		"udp":                          {nat, lvs.UDP, lvs.UDPNormal, [4]bool{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tt.conn
			c.Proto, c.State = tt.proto, tt.state
			for mode, want := range tt.want {
				if got := c.Reusable(mode); got != want {
					t.Errorf("Reusable(%d) = %t, want %t", mode, got, want)
				}
			}
		})
	}
}

func TestInsertBeginsWithStateAndTimeout(t *testing.T) {
	table, loads := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	con.State, con.Timeout = lvs.TCPListen, 120*time.Second
	var c Conn
	if !table.Insert(&c, &con, 0).OK() || c.State != lvs.TCPListen {
		t.Fatalf("Insert() gave state %d, want LISTEN", c.State)
	}
	if table.Sweep(119 * perSecond); table.Len() != 1 {
		t.Error("gone before its timeout")
	}
	if got := loads.At(con.Dest).Active.Load(); got != 0 {
		t.Errorf("active = %d before the first packet, want 0", got)
	}
	table.Step(&c, Out, EventACK, 119*perSecond)
	if c, _ := find(table, con.Tuple, In); c.State != lvs.TCPEstablished {
		t.Errorf("a reply's ACK in LISTEN led to state %d, want ESTABLISHED", c.State)
	}
	if got := loads.At(con.Dest).Active.Load(); got != 1 {
		t.Errorf("active = %d, want 1", got)
	}
}

func TestOnePacketIsNeverEntered(t *testing.T) {
	table, loads := newTable(t, 10)
	var tp Template
	table.InsertTemplate(&tp, &testKey, &Connection{Dest: 3, Timeout: time.Minute, OnePacket: true}, 0)
	con := connection(1, false, lvs.UDP, lvs.DirectRouting)
	con.Parent = tp.AsParent()
	entered, c, orphan := Conn{}, Conn{}, con
	orphan.Parent = Parent{}
	table.OnePacket(&c, &con)
	table.Insert(&entered, &orphan, 0)
	if c.Dest != con.Dest || c.Addr != con.Real || c.Port != con.Port || c.Method != con.Method || c.Proto != lvs.UDP || !c.HasParent() {
		t.Errorf("OnePacket() = %+v, want what Insert gives: %+v", c, entered)
	}
	table.Expire(&entered)
	for range 20 {
		table.Step(&c, In, EventNone, 5)
		table.Step(&c, Out, EventNone, 5)
		table.SetHop(&c, 9)
		table.Resize(&c, Out, 1, 1)
		table.Expire(&c)
	}
	if _, ok := find(table, con.Tuple, In); ok || table.Len() != 1 || loads.At(con.Dest).Total.Load() != 0 {
		t.Errorf("found %t, Len() = %d with the template, total %d", ok, table.Len(), loads.At(con.Dest).Total.Load())
	}
	if got := packets(table, tp.handle); got != 1 {
		t.Errorf("the template has seen %d packets, want 1", got)
	}
}

func packets(t *Table, h handle) int {
	_, e := t.entry(h.ref)
	return int(e.load(wFamily) >> packetsShift & maskPackets)
}

func TestOnlyTheFirstPacketsOfTheClientAreCounted(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.UDP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	for i := range 3 * manyPackets {
		if got, want := packets(table, c.handle), min(i, manyPackets); got != want {
			t.Errorf("after %d packets %d are counted, want %d", i, got, want)
		}
		c, _ := find(table, con.Tuple, In)
		if young := c.flags&flagYoung != 0; young != (i < manyPackets) {
			t.Errorf("after %d packets young is %t", i, young)
		}
		table.Step(&c, In, EventNone, Time(i))
		c, _ = find(table, reply(&con), Out)
		table.Step(&c, Out, EventNone, Time(i))
	}
}

func TestBypassHasNoDestination(t *testing.T) {
	table, loads := newTable(t, 10)
	con := Connection{Tuple: connection(1, false, lvs.TCP, 0).Tuple, Method: lvs.Bypass}
	var c Conn
	if !table.Insert(&c, &con, 0).OK() || c.Dest != 0 || c.Method != lvs.Bypass {
		t.Fatalf("Insert() gave %+v", c)
	}
	if out, ok := find(table, con.Tuple.Reverse(), Out); !ok || out.Addr != con.Tuple.Dst {
		t.Errorf("Find(reply) = %+v, %t", out, ok)
	}
	table.KillUnavailable(func(lvs.DestID) bool { return true })
	if table.Len() != 1 {
		t.Error("a connection without destination was taken for one whose destination is gone")
	}
	if table.Expire(&c); loads.At(0).Total.Load() != 0 {
		t.Errorf("total of no destination = %d, want 0", loads.At(0).Total.Load())
	}
}

func TestSetLimit(t *testing.T) {
	table, _ := newTable(t, 10)
	tests := map[string]struct{ n, limit, fit int }{
		"lower":            {4, 4, 4},
		"back":             {10, 10, 10},
		"more than mapped": {11, 10, 10},
		"below what is in": {2, 2, 10},
		"none":             {0, 0, 10},
	}
	var c Conn
	for _, name := range []string{"lower", "back", "more than mapped", "below what is in", "none"} {
		tt := tests[name]
		table.SetLimit(tt.n)
		for i := range 20 {
			con := connection(i, i%2 == 1, lvs.UDP, lvs.NAT)
			table.Insert(&c, &con, 0)
		}
		if table.Limit() != tt.limit || table.Len() != tt.fit {
			t.Errorf("%s: Limit() = %d, Len() = %d, want %d, %d", name, table.Limit(), table.Len(), tt.limit, tt.fit)
		}
	}
}
