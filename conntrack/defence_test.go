package conntrack

import (
	"testing"
	"time"

	"xlvs/lvs"
)

// dropAll makes passes that together look at everything, once if it is of one
// family.
func dropAll(t *Table, now Time) (n int) {
	used := t.conns.v4.used() + t.templates.v4.used()
	for i := uint32(0); i < used; i += block / dropShare { // what the smallest family looks at
		n += t.DropEntries(now, i)
	}
	return n
}

// TestDropEntriesChoice has the kernel's rules: whether a connection that has
// had one packet and has been idle for so long is dropped.
func TestDropEntriesChoice(t *testing.T) {
	const idle, busy = 61 * perSecond, 59 * perSecond
	tests := map[string]struct {
		proto lvs.Protocol
		state lvs.State
		after Time
		want  bool
	}{
		"tcp syn received":             {lvs.TCP, lvs.TCPSynRecv, 0, true},
		"tcp synack":                   {lvs.TCP, lvs.TCPSynAck, 0, true},
		"tcp established, idle":        {lvs.TCP, lvs.TCPEstablished, idle, true},
		"tcp established, not so long": {lvs.TCP, lvs.TCPEstablished, busy, false},
		"tcp closing":                  {lvs.TCP, lvs.TCPFinWait, idle, false},
		"tcp waiting":                  {lvs.TCP, lvs.TCPTimeWait, idle, false},
		"tcp listening":                {lvs.TCP, lvs.TCPListen, idle, false},
		"tcp new":                      {lvs.TCP, lvs.TCPNone, idle, false},
		"sctp init1":                   {lvs.SCTP, lvs.SCTPInit1, 0, true},
		"sctp init":                    {lvs.SCTP, lvs.SCTPInit, 0, true},
		"sctp cookie sent":             {lvs.SCTP, lvs.SCTPCookieSent, idle, false},
		"sctp established, idle":       {lvs.SCTP, lvs.SCTPEstablished, idle, true},
		"sctp closed":                  {lvs.SCTP, lvs.SCTPClosed, idle, false},
		"udp, idle":                    {lvs.UDP, lvs.UDPNormal, idle, true},
		"udp, not so long":             {lvs.UDP, lvs.UDPNormal, busy, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, _ := newTable(t, 10)
			con := connection(1, false, tt.proto, lvs.NAT)
			con.State, con.Timeout = tt.state, time.Duration(table.timeouts.of(tt.proto, tt.state))*Tick
			var c Conn
			table.Insert(&c, &con, 0)
			table.countPacket(c.handle)
			if n := dropAll(table, tt.after); (n == 1) != tt.want || table.Len() != 1-n {
				t.Errorf("DropEntries() = %d, want dropped: %t", n, tt.want)
			}
		})
	}
}

func TestDropEntriesOfTemplates(t *testing.T) {
	tests := map[string]struct {
		one     bool // of a one-packet service
		packets int
		assured bool
		child   bool
		after   Time
		want    int
	}{
		"never of use":                     {want: 1},
		"assured":                          {assured: true, after: 290 * perSecond},
		"with a child":                     {child: true},
		"one-packet, just used":            {one: true, packets: 1},
		"one-packet, idle":                 {one: true, packets: 1, after: 61 * perSecond, want: 1},
		"one-packet, idle, assured or not": {one: true, packets: 1, assured: true, after: 61 * perSecond, want: 1},
		"one-packet, much used":            {one: true, packets: 9, after: 61 * perSecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, _ := newTable(t, 10)
			n := fiveMinutes(3)
			n.OnePacket = tt.one
			var tp Template
			table.InsertTemplate(&tp, &testKey, n, 0)
			for range tt.packets {
				table.countPacket(tp.handle)
			}
			if tt.assured {
				table.assure(tp.ref)
			}
			if tt.child {
				table.hold(tp.AsParent())
			}
			if got := dropAll(table, tt.after); got != tt.want || table.Templates() != 1-tt.want {
				t.Errorf("DropEntries() = %d, want %d", got, tt.want)
			}
		})
	}
}

// Of the idle connections that have had i packets every i-th is dropped, of
// those with none or more than eight no one.
func TestDropEntriesByPackets(t *testing.T) {
	const n = 840 // divisible by 1 to 8
	for packets := range 12 {
		table, _ := newTable(t, n)
		for i := range n {
			con := connection(i, false, lvs.UDP, lvs.NAT)
			con.Timeout = 300 * time.Second
			var c Conn
			table.Insert(&c, &con, 0)
			for range packets {
				table.countPacket(c.handle)
			}
		}
		want := 0
		if packets >= 1 && packets <= 8 {
			want = n / packets
		}
		got := 0
		for number := range table.conns.v4.used() {
			if h, ok := table.conns.v4.valid(number + 1); ok && table.droppable(&table.conns.v4, table.conns.v4.entry(number+1), 100*perSecond) {
				got += table.kill(h)
			}
		}
		if got != want && got != want+1 { // the first candidate is always taken
			t.Errorf("with %d packets %d of %d are dropped, want %d", packets, got, n, want)
		}
	}
}

func TestDropEntriesLooksAtAThirtySecond(t *testing.T) {
	const n = 64 * 128
	table, _ := newTable(t, n)
	var c Conn
	for i := range n {
		con := connection(i, false, lvs.TCP, lvs.NAT)
		con.State = lvs.TCPSynRecv
		table.Insert(&c, &con, 0)
	}
	used := int(table.conns.v4.used())
	if got, most := table.DropEntries(0, 1<<31+12345), (used+31)/32; got == 0 || got > most {
		t.Errorf("DropEntries() = %d, want 1 to %d", got, most)
	}
}

// A dropped connection takes its template along, unless that is assured.
func TestDropEntriesTakesTheTemplateAlong(t *testing.T) {
	for _, established := range []bool{false, true} {
		table, _ := newTable(t, 10)
		var tp Template
		table.InsertTemplate(&tp, &testKey, fiveMinutes(3), 0)
		for i := range 2 {
			con := childOf(&tp, i, lvs.TCP)
			var c Conn
			table.Insert(&c, &con, 0)
			table.Step(&c, In, EventSYN, 0)
			if established && i == 0 {
				table.Step(&c, In, EventACK, 0)
				table.Expire(&c)
			}
		}
		n, left := dropAll(table, 1), table.Len()
		switch {
		case established && (n != 1 || left != 1):
			t.Errorf("dropped %d of two, of which one had been established, left %d; want the template left", n, left)
		case !established && (n != 3 || left != 0):
			t.Errorf("dropped %d, left %d; want all", n, left)
		}
	}
}

func TestKillUnavailable(t *testing.T) {
	table, loads := newTable(t, 100)
	var tp Template
	var c Conn
	for d := range lvs.DestID(4) {
		key := testKey
		key.Port = uint16(d)
		table.InsertTemplate(&tp, &key, fiveMinutes(d+1), 0)
		if d == 1 {
			table.assure(tp.ref)
		}
		for i := range 5 {
			con := childOf(&tp, int(d)<<8+i, lvs.UDP)
			table.Insert(&c, &con, 0)
		}
	}
	if n := table.KillUnavailable(func(d lvs.DestID) bool { return d == 1 || d == 2 }); n != 12 || table.Len() != 12 {
		t.Errorf("KillUnavailable() = %d, Len() = %d, want 12 of 24", n, table.Len())
	}
	for d := lvs.DestID(1); d <= 4; d++ {
		want := int32(d-1) / 2 // of destinations 3 and 4 all are left
		if l := loads.At(d); l.Total.Load() != 5*want || l.Persistent.Load() != want {
			t.Errorf("destination %d is left with %d connections, %d templates", d, l.Total.Load(), l.Persistent.Load())
		}
	}
}
