package conntrack

import (
	"sync"
	"sync/atomic"
	"testing"

	"xlvs/lvs"
)

// tidy is how many slots in a hundred are in home lines at least, with n of them:
// the fewer the nearer the next doubling, and without gaps left by the last one.
func tidy(n int) int {
	if n == 30_000 { // at a load of 0.5
		return 98
	}
	return 94
}

// An index is as large as what it holds wants, and no connection is lost on the way.
func TestIndexGrows(t *testing.T) {
	const limit = 40_000
	for _, v6 := range []bool{false, true} {
		table, _ := newTable(t, limit)
		l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9"))
		f, conns := table.conns.of(v6), make([]Conn, limit)
		for i := range limit {
			n := fullNAT(i, v6, v6, lvs.TCP, l)
			if o := table.Insert(&conns[i], &n, 0); o != Entered {
				t.Fatalf("Insert() of connection %d = %d", i, o)
			}
			if i+1 == 100 || (i+1)%10_000 == 0 {
				checkSize(t, &f.clients, i+1)
				checkSize(t, &f.locals, i+1)
				checkAll(t, table, l, conns[:i+1])
			}
		}
		if table.Sweep(20_000); table.Len() != 0 {
			t.Errorf("v6=%t: Len() = %d after everything expired", v6, table.Len())
		}
		checkIndex(t, &f.clients)
		checkIndex(t, &f.locals)
	}
}

// checkSize reports whatever is wrong with an index that holds n slots.
func checkSize(t *testing.T, x *index, n int) {
	t.Helper()
	all, home := checkIndex(t, x)
	lines := linesOf(x)
	if all != n || home*100 < all*tidy(n) || lines > shards*runLines && lines*lineSlots > 4*all {
		t.Errorf("%d slots, %d in home lines, of which there are %d; want %d", all, home, lines, n)
	}
}

// checkAll reports the connections of clients 0, 1, … that are not found.
func checkAll(t *testing.T, table *Table, l *Locals, conns []Conn) {
	t.Helper()
	for i, want := range conns {
		v6 := want.ref&refIPv6 != 0
		n := fullNAT(i, v6, v6, lvs.TCP, l)
		if c, ok := find(table, n.Tuple, In); !ok || c.handle != want.handle {
			t.Fatalf("connection %d of %d is lost", i, len(conns))
		}
		if c, ok := findReply(table, &n, &want); !ok || c.handle != want.handle {
			t.Fatalf("reply of connection %d of %d is lost", i, len(conns))
		}
	}
}

// Templates find theirs while the index grows, too.
func TestIndexOfTemplatesGrows(t *testing.T) {
	const limit = 20_000
	table, _ := newTable(t, limit)
	var tp Template
	for i := range limit {
		k := templateOf(i)
		table.InsertTemplate(&tp, &k, fiveMinutes(1), 0)
	}
	for i := range limit {
		if k := templateOf(i); !table.FindTemplate(&tp, &k) {
			t.Fatalf("template %d is lost", i)
		}
	}
	if all, _ := checkIndex(t, &table.templates.v4.clients); all != limit {
		t.Errorf("%d slots, want %d", all, limit)
	}
}

// A growth is a table into which writers enter connections that readers look for:
// number w, w+writers and so on are writer w's.
type growth struct {
	*testing.T
	table   *Table
	locals  *Locals
	conns   []Conn
	entered [2]atomic.Int64 // by writer
}

func (g *growth) connection(i int) Connection { return fullNAT(i, false, false, lvs.UDP, g.locals) }

// write enters connections, and for each another that goes at once and leaves a gap.
func (g *growth) write(w int) {
	writers := len(g.entered)
	for i := w; i < len(g.conns); i += writers {
		n, other := g.connection(i), g.connection(len(g.conns)+i)
		if o := g.table.Insert(&g.conns[i], &n, 0); o != Entered {
			g.Errorf("Insert() of connection %d = %d", i, o)
		}
		g.entered[w].Store(int64(i/writers + 1))
		var c Conn
		g.table.Insert(&c, &other, 0)
		g.table.Expire(&c)
	}
}

// read looks for connections that are there, until all are and a while longer.
func (g *growth) read() {
	writers := len(g.entered)
	for i := 0; ; i++ {
		w := i % writers
		n := int(g.entered[w].Load())
		if n == 0 {
			continue
		}
		number := scatter(i, n)*writers + w
		con, want := g.connection(number), &g.conns[number]
		if c, ok := find(g.table, con.Tuple, In); !ok || c.handle != want.handle {
			g.Errorf("request of connection %d: found %t", number, ok)
		}
		if c, ok := findReply(g.table, &con, want); !ok || c.handle != want.handle {
			g.Errorf("reply of connection %d: found %t", number, ok)
		}
		if n == len(g.conns)/writers && i%1000 == 0 {
			return
		}
	}
}

// Whoever looks for a connection that is there finds it, by request and by reply,
// at every moment in which an index grows, chains shrink and lines are used again.
func TestFindNeverMissesDuringGrowth(t *testing.T) {
	const limit = 24_000
	table, _ := newTable(t, limit+2)
	g := &growth{T: t, table: table, locals: newLocals(t, table, everyPort("192.0.2.9")), conns: make([]Conn, limit)}
	var wg sync.WaitGroup
	for w := range g.entered {
		wg.Go(func() { g.write(w) })
		wg.Go(g.read)
	}
	wg.Wait()
	if all, _ := checkIndex(t, &table.conns.v4.clients); all != limit {
		t.Errorf("%d slots, want %d", all, limit)
	}
}
