package conntrack

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// A localOp is one random operation on one of fifty clients.
type localOp struct {
	Client int
	Kind   int // see localModel.run
	Real6  bool
	Real   uint64
	Pool   int
}

func localOps() *rapid.Generator[[]localOp] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) localOp {
		return localOp{
			Client: rapid.IntRange(0, 49).Draw(t, "client"),
			Kind:   rapid.IntRange(0, 9).Draw(t, "kind"),
			Real6:  rapid.Bool().Draw(t, "real server of IPv6"),
			Real:   rapid.Uint64Range(0, 1).Draw(t, "real server"),
			Pool:   rapid.IntRange(0, 2).Draw(t, "pool"),
		}
	}), 1, 120)
}

// A localModel holds a table against a list of its connections.
type localModel struct {
	*rapid.T
	table *Table
	pools []*Locals
	conns map[int]modelLocal
	now   Time
}

type modelLocal struct {
	Connection
	conn Conn
}

// Pools so small that clients run out of ports, two of which overlap.
func newLocalModel(t *testing.T, rt *rapid.T, table *Table) *localModel {
	small := func(s string, first, last uint16) LocalRange { return LocalRange{addr(s), first, last} }
	m := &localModel{T: rt, table: table, conns: map[int]modelLocal{}}
	for _, ranges := range [][]LocalRange{
		{small("192.0.2.9", 1000, 1200), small("2001:db8::9", 1000, 1200)},
		{small("192.0.2.9", 1100, 1300), small("2001:db8::9", 1100, 1300)},
		{small("192.0.2.9", 1000, 1200), small("192.0.2.10", 1, 100), small("2001:db8::10", 1, 100)},
	} {
		m.pools = append(m.pools, newLocals(t, table, ranges...))
	}
	return m
}

func (m *localModel) run(o localOp) {
	n := fullNAT(o.Client, o.Client%2 == 1, o.Real6, []lvs.Protocol{lvs.TCP, lvs.UDP}[o.Client/2%2], m.pools[o.Pool])
	n.Real.Lo += o.Real
	have, ok := m.conns[o.Client]
	switch {
	case o.Kind < 5:
		m.insert(o.Client, &n)
	case o.Kind < 7:
		m.find(&n, &have, ok)
	case o.Kind == 7 && ok:
		m.table.Expire(&have.conn)
		delete(m.conns, o.Client)
	case o.Kind == 8 && ok:
		m.table.NoteEnd(&have.conn, uint32(o.Client))
	case o.Kind == 9:
		m.now += perSecond
		m.table.Sweep(m.now) // which takes what is older than three seconds
		for i, c := range m.conns {
			if c.conn.expiry/perSecond < m.now/perSecond {
				delete(m.conns, i)
			}
		}
	}
}

func (m *localModel) insert(client int, n *Connection) {
	have, known := m.conns[client]
	var c Conn
	switch o := m.table.Insert(&c, n, m.now); {
	case known && (o != Known || c.handle != have.conn.handle):
		m.Fatalf("Insert() = %d, want the connection that is there", o)
	case known:
	case o == NoLocalPort:
		m.reallyNone(n)
	case o == Entered:
		m.fresh(n, &c)
		m.conns[client] = modelLocal{*n, c}
	default:
		m.Fatalf("Insert() = %d", o)
	}
}

// fresh checks that c's local endpoint is one of n's that nobody has.
func (m *localModel) fresh(n *Connection, c *Conn) {
	if !slices.ContainsFunc(n.Locals.of(n.Real), func(r *localRange) bool { return r.Addr == c.Peer && r.has(c.PeerPort) }) {
		m.Fatalf("%v port %d is not configured", c.Peer, c.PeerPort)
	}
	for i, o := range m.conns {
		if o.conn.Peer == c.Peer && o.conn.PeerPort == c.PeerPort && o.Real == n.Real && o.Tuple.Proto == n.Tuple.Proto {
			m.Fatalf("client %d has %v port %d already", i, c.Peer, c.PeerPort)
		}
	}
}

// reallyNone checks that others have every port that n could have.
func (m *localModel) reallyNone(n *Connection) {
	var request, reply Key
	m.table.Key(&request, &n.Tuple, In)
	taken := map[localUse]bool{}
	for _, o := range m.conns {
		taken[localUse{o.conn.Peer, o.Real, o.conn.PeerPort, o.Port, o.Tuple.Proto}] = true
	}
	for _, r := range n.Locals.of(n.Real) {
		for port := r.First; port <= r.Last; port++ {
			m.table.KeyLocal(&reply, &lvs.Tuple{Src: n.Real, SrcPort: n.Port, Dst: r.Addr, DstPort: port, Proto: n.Tuple.Proto})
			if reply.hash.shard() == request.hash.shard() && !taken[localUse{r.Addr, n.Real, port, n.Port, n.Tuple.Proto}] {
				m.Fatalf("refused, and %v port %d is free", r.Addr, port)
			}
		}
	}
}

func (m *localModel) find(n *Connection, have *modelLocal, exists bool) {
	c, ok := find(m.table, n.Tuple, In)
	if ok != exists || ok && (c.Addr != have.Real || c.Peer != have.conn.Peer || c.PeerPort != have.conn.PeerPort) {
		m.Fatalf("Find(request) = %+v, %t, want %+v, %t", c, ok, have.conn, exists)
	}
	if !exists {
		return
	}
	c, ok = findReply(m.table, &have.Connection, &have.conn)
	if !ok || c.handle != have.conn.handle || c.Peer != n.Tuple.Src || c.PeerPort != n.Tuple.SrcPort || c.Addr != n.Tuple.Dst {
		m.Fatalf("Find(reply) = %+v, %t, want client %v", c, ok, n.Tuple)
	}
}

func TestFullNATAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table, loads := newTable(t, 1000)
		defer table.Close()
		m := newLocalModel(t, rt, table)
		for _, o := range localOps().Draw(rt, "operations") {
			m.run(o)
		}
		if n := checkLocals(t, table); n != len(m.conns) || table.Len() != n {
			rt.Fatalf("%d connections, Len() = %d, want %d", n, table.Len(), len(m.conns))
		}
		table.Sweep(20_000)
		if table.Len() != 0 || table.mixed.Load() != 0 || loads.At(1).Total.Load() != 0 {
			rt.Fatalf("Len() = %d, mixed %d after everything expired", table.Len(), table.mixed.Load())
		}
	})
}

// Workers compete for the ports of two real servers, from clients of both
// families and from overlapping pools, while others come and go.
func TestFullNATWorkersInParallel(t *testing.T) {
	table, _ := newTable(t, 20_000)
	pools := []*Locals{
		newLocals(t, table, LocalRange{addr("192.0.2.9"), 1000, 3000}),
		newLocals(t, table, LocalRange{addr("192.0.2.9"), 2000, 4000}, everyPort("2001:db8::9")),
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			for range 4000 {
				i := random.IntN(5000)
				n := fullNAT(i, i%2 == 1, i%5 == 1, lvs.UDP, pools[random.IntN(2)])
				var c Conn
				switch o := table.Insert(&c, &n, 0); {
				case !o.OK():
				case random.IntN(3) == 0:
					table.Expire(&c)
				default:
					n.Real = c.Addr
					checkReply(t, table, &n, &c)
				}
			}
		})
	}
	wg.Go(func() {
		for now := range Time(20) { // when nothing is due
			table.Sweep(now)
			pools[0].Usage()
		}
	})
	wg.Wait()
	if n := checkLocals(t, table); n == 0 || n != table.Len() {
		t.Errorf("%d connections, Len() = %d", n, table.Len())
	}
}

// checkReply finds c by its reply, unless somebody has removed it: then another
// may have its local endpoint by now.
func checkReply(t *testing.T, table *Table, n *Connection, c *Conn) {
	r, ok := findReply(table, n, c)
	if ok && r.handle == c.handle && r.Peer == n.Tuple.Src && r.PeerPort == n.Tuple.SrcPort {
		return
	}
	if _, e := table.entry(c.ref); e.generation() == c.gen {
		t.Errorf("reply to %v port %d: found %t, for %v port %d; want %v", c.Peer, c.PeerPort, ok, r.Peer, r.PeerPort, n.Tuple)
	}
}
