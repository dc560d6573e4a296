package conntrack

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xlvs/lvs"
)

// A family of a template, an FTP control connection under it, and a data
// connection under that.
func ftpFamily(t *testing.T, table *Table) (tp Template, control, data Conn) {
	t.Helper()
	table.InsertTemplate(&tp, &testKey, fiveMinutes(3), 0)
	con := childOf(&tp, 1, lvs.TCP)
	table.Insert(&control, &con, 0)
	con = childOf(&tp, 2, lvs.TCP)
	con.Parent = control.AsParent()
	table.Insert(&data, &con, 0)
	if !control.HasParent() || !data.HasParent() || table.Len() != 3 {
		t.Fatalf("children have parents: %t, %t; Len() = %d", control.HasParent(), data.HasParent(), table.Len())
	}
	return tp, control, data
}

// A child that is killed takes along the parents that it leaves childless.
func TestKillTakesParentsAlong(t *testing.T) {
	tests := map[string]struct {
		prepare func(*Table, *Template, *Conn)
		killed  int
	}{
		"alone in the family":    {func(*Table, *Template, *Conn) {}, 3},
		"template assured":       {func(t *Table, tp *Template, _ *Conn) { t.assure(tp.ref) }, 2},
		"control has another":    {func(t *Table, tp *Template, c *Conn) { t.hold(c.AsParent()) }, 1},
		"template has another":   {func(t *Table, tp *Template, _ *Conn) { t.hold(tp.AsParent()) }, 2},
		"control gone elsewhere": {func(t *Table, _ *Template, c *Conn) { t.Expire(c) }, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, _ := newTable(t, 10)
			tp, control, data := ftpFamily(t, table)
			tt.prepare(table, &tp, &control)
			if n := table.kill(data.handle); n != tt.killed || table.Len() != 3-tt.killed {
				t.Errorf("kill() = %d, Len() = %d, want %d killed", n, table.Len(), tt.killed)
			}
			if n := table.kill(data.handle); n != 0 {
				t.Errorf("kill() again = %d, want 0", n)
			}
		})
	}
}

func TestKillSparesParents(t *testing.T) {
	table, _ := newTable(t, 10)
	tp, control, _ := ftpFamily(t, table)
	if n := table.kill(control.handle) + table.kill(tp.handle); n != 0 || table.Len() != 3 {
		t.Errorf("kill() of parents = %d, want 0", n)
	}
}

func TestExpireAndTimeoutSpareTheParent(t *testing.T) {
	table, _ := newTable(t, 10)
	_, control, data := ftpFamily(t, table)
	if table.Expire(&data); table.Len() != 2 {
		t.Errorf("Len() = %d after Expire(), want 2", table.Len())
	}
	if table.Sweep(5 * perSecond); table.Len() != 1 {
		t.Errorf("Len() = %d, want the template alone", table.Len())
	}
	if table.Expire(&control); table.Templates() != 1 {
		t.Error("the template went with a connection that was gone")
	}
}

func TestParentConnectionStaysWithItsChildren(t *testing.T) {
	table, _ := newTable(t, 10)
	_, _, data := ftpFamily(t, table)
	table.Step(&data, In, EventSYN, 0)
	table.Step(&data, In, EventACK, 0)
	for now := Time(10); now < 900; now += 10 {
		if table.Sweep(now * perSecond); table.Len() != 3 {
			t.Fatalf("Len() = %d at %d s, while the data connection lives", table.Len(), now)
		}
	}
	// The data connection goes at 900 s; each parent at the end of its 60 s.
	if table.Sweep(902 * perSecond); table.Len() != 2 {
		t.Errorf("Len() = %d, want both parents", table.Len())
	}
	if table.Sweep(1030 * perSecond); table.Len() != 0 {
		t.Errorf("Len() = %d in the end, want 0", table.Len())
	}
}

// A connection that is over and has children gives way to the next one with its
// addresses, and is there for its children all the same.
func TestExpireHidesAParent(t *testing.T) {
	table, loads := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var old, data, c Conn
	table.Insert(&old, &con, 0)
	child := connection(2, false, lvs.TCP, lvs.NAT)
	child.Parent, child.Timeout = old.AsParent(), 30*time.Second
	table.Insert(&data, &child, 0)
	table.Expire(&old)
	if _, ok := find(table, con.Tuple, In); ok || table.Len() != 2 {
		t.Errorf("found %t, Len() = %d; want it hidden", ok, table.Len())
	}
	next := con
	next.Dest = 5
	if !table.Insert(&c, &next, 0).OK() || c.Dest != 5 || table.Len() != 3 {
		t.Errorf("Insert() gave destination %d, Len() = %d", c.Dest, table.Len())
	}
	table.Step(&old, In, EventSYN, 0) // a packet that was on its way
	if c, ok := find(table, con.Tuple, In); !ok || c.Dest != 5 {
		t.Errorf("Find() = %d, %t; want the successor", c.Dest, ok)
	}
	table.Sweep(100 * perSecond)
	if table.Sweep(200 * perSecond); table.Len() != 0 || loads.At(con.Dest).Total.Load() != 0 {
		t.Errorf("Len() = %d, want 0", table.Len())
	}
}

func TestParentThatIsGoneIsLeftOut(t *testing.T) {
	table, _ := newTable(t, 10)
	var tp Template
	table.InsertTemplate(&tp, &testKey, fiveMinutes(3), 0)
	table.Sweep(302 * perSecond)
	con := childOf(&tp, 1, lvs.UDP)
	var c Conn
	if !table.Insert(&c, &con, 0).OK() || c.HasParent() {
		t.Errorf("Insert() gave a connection that has a parent: %t", c.HasParent())
	}
}

func TestTemplateIsAssured(t *testing.T) {
	type packet struct {
		dir   Dir
		event Event
	}
	tests := map[string]struct {
		proto   lvs.Protocol
		packets []packet
		want    bool
	}{
		"tcp, a SYN":              {lvs.TCP, []packet{{In, EventSYN}, {Out, EventSYN}}, false},
		"tcp, established":        {lvs.TCP, []packet{{In, EventSYN}, {Out, EventSYN}, {In, EventACK}}, true},
		"udp, requests alone":     {lvs.UDP, []packet{{In, EventNone}, {In, EventNone}}, false},
		"udp, an answer":          {lvs.UDP, []packet{{In, EventNone}, {Out, EventNone}}, true},
		"sctp, an INIT":           {lvs.SCTP, []packet{{In, EventInit}, {Out, EventInitAck}}, false},
		"sctp, established":       {lvs.SCTP, []packet{{In, EventInit}, {Out, EventInitAck}, {In, EventCookieEcho}, {Out, EventCookieAck}}, true},
		"sctp, aborted meanwhile": {lvs.SCTP, []packet{{In, EventInit}, {Out, EventAbort}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, _ := newTable(t, 10)
			key := testKey
			key.Proto = tt.proto
			var tp Template
			table.InsertTemplate(&tp, &key, fiveMinutes(3), 0)
			con := childOf(&tp, 1, tt.proto)
			var c Conn
			table.Insert(&c, &con, 0)
			for _, p := range tt.packets {
				tu := con.Tuple
				if p.dir == Out {
					tu = reply(&con)
				}
				c, _ = find(table, tu, p.dir)
				table.Step(&c, p.dir, p.event, 1)
			}
			for l := range table.All() {
				if l.Template && l.Assured != tt.want {
					t.Errorf("assured = %t, want %t", l.Assured, tt.want)
				}
			}
			if pending := c.flags&flagPending != 0; pending == tt.want {
				t.Errorf("the connection is to mark its template: %t", pending)
			}
		})
	}
}

// Workers insert children of a few templates that expire under their hands, are
// invalidated, dropped and killed. In the end nothing is left and nothing is
// counted, or a child was lost or counted twice.
func TestChildrenOfDyingTemplates(t *testing.T) {
	table, loads := newTable(t, 2000)
	var clock atomic.Uint32
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range 4000 {
				oneChild(table, r, w<<17+i%300, Time(clock.Load()))
			}
		})
	}
	stop := make(chan struct{})
	sweeper := sync.WaitGroup{}
	sweeper.Go(func() {
		for i := uint32(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			now := Time(clock.Add(7))
			table.Sweep(now)
			table.DropEntries(now, i*17)
			if i%16 == 0 {
				table.KillUnavailable(func(d lvs.DestID) bool { return d == lvs.DestID(i/16%8) })
			}
		}
	})
	wg.Wait()
	close(stop)
	sweeper.Wait()
	for now := Time(clock.Load()); now < Time(clock.Load())+20_000; now += 200 {
		table.Sweep(now)
	}
	if table.Len() != 0 || table.Templates() != 0 || table.portless.Load() != 0 {
		t.Errorf("Len() = %d, Templates() = %d, portless %d; want 0", table.Len(), table.Templates(), table.portless.Load())
	}
	for id := lvs.DestID(0); id < 8; id++ {
		l := loads.At(id)
		if l.Total.Load() != 0 || l.Active.Load() != 0 || l.Persistent.Load() != 0 {
			t.Errorf("destination %d is left with %d of %d, %d templates", id, l.Active.Load(), l.Total.Load(), l.Persistent.Load())
		}
	}
}

// oneChild is what a worker does with the first packet of a connection to a
// persistent service, and with some that follow.
func oneChild(table *Table, r *rand.Rand, client int, now Time) {
	key := testKey
	key.Port = uint16(r.IntN(4))
	if key.Port == 3 {
		key.Data = callID(r.IntN(3))
	}
	n := Connection{Dest: lvs.DestID(1 + r.IntN(7)), Timeout: time.Duration(1+r.IntN(20)) * Tick}
	var tp Template
	if !table.FindTemplate(&tp, &key) && !table.InsertTemplate(&tp, &key, &n, now) {
		return
	}
	con := childOf(&tp, client, []lvs.Protocol{lvs.TCP, lvs.UDP}[client%2])
	con.NoClientPort = client%5 == 0
	request := con.Tuple
	if con.NoClientPort {
		con.Tuple.SrcPort, con.Tuple.DstPort = 0, uint16(client)
		request.DstPort = con.Tuple.DstPort
	}
	var c, data Conn
	if !table.Insert(&c, &con, now).OK() {
		return
	}
	table.RefreshTemplate(&tp, now)
	if c.NoClientPort() {
		table.Claim(&c, &request)
	}
	table.Step(&c, In, EventSYN, now)
	table.Step(&c, In, EventACK, now)
	table.Resize(&c, Out, uint32(client), 2)
	switch r.IntN(8) {
	case 0:
		table.Expire(&c)
	case 1:
		table.InvalidateTemplate(&tp)
	case 2:
		child := con
		child.NoClientPort, child.Parent, child.Tuple.DstPort = false, c.AsParent(), 20
		table.Insert(&data, &child, now)
	}
}
