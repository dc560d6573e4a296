package conntrack

import (
	"fmt"
	"net/netip"
	"testing"

	"xlvs/lvs"
)

func newTable(t testing.TB, limit int) (*Table, *lvs.Loads) {
	t.Helper()
	loads := new(lvs.Loads)
	loads.Grow(1)
	table, err := New(loads, Options{MaxConnections: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table, loads
}

func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

// connection returns client i's connection, IPv4 or IPv6, TCP or UDP.
func connection(i int, v6 bool, p lvs.Protocol, m lvs.Method) Connection {
	c := Connection{Dest: lvs.DestID(i%7 + 1), Method: m, Port: 8080}
	c.Tuple = lvs.Tuple{SrcPort: uint16(i), DstPort: 80, Proto: p}
	if v6 {
		c.Tuple.Src, c.Tuple.Dst, c.Real = addr("2001:db8::7"), addr("2001:db8:1::1"), addr("2001:db8:2::11")
		c.Tuple.Src.Lo += uint64(i>>16) << 20
	} else {
		c.Tuple.Src, c.Tuple.Dst, c.Real = lvs.Addr4(0xc6330000+uint32(i>>16)), addr("192.0.2.1"), addr("203.0.113.11")
	}
	return c
}

// reply returns the tuple of the packet that the real server of c sends.
func reply(c *Connection) lvs.Tuple {
	r := c.Tuple.Reverse()
	if c.Method == lvs.NAT {
		r.Src, r.SrcPort = c.Real, c.Port
	}
	return r
}

func find(t *Table, tu lvs.Tuple, d Dir) (Conn, bool) {
	var c Conn
	var k Key
	t.Key(&k, &tu, d)
	t.Probe(&k)
	ok := t.Find(&c, &k, &tu)
	return c, ok
}

func TestInsertedConnectionIsFoundBothWays(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			t.Run(fmt.Sprintf("v6=%t %v", v6, m), func(t *testing.T) {
				table, loads := newTable(t, 100)
				want := connection(4242, v6, lvs.TCP, m)
				var c Conn
				if !table.Insert(&c, &want, 0).OK() {
					t.Fatal("Insert() = false")
				}
				in, ok := find(table, want.Tuple, In)
				if !ok || in.Addr != want.Real || in.Port != want.Port || in.Dest != want.Dest || in.Method != m {
					t.Errorf("Find(request) = %+v, %t", in, ok)
				}
				out, ok := find(table, reply(&want), Out)
				if !ok || out.Addr != want.Tuple.Dst || out.Port != want.Tuple.DstPort {
					t.Errorf("Find(reply) = %+v, %t", out, ok)
				}
				if n := loads.At(want.Dest).Total.Load(); n != 1 {
					t.Errorf("total = %d, want 1", n)
				}
			})
		}
	}
}

func TestFindTellsNeighboursApart(t *testing.T) {
	table, _ := newTable(t, 100)
	con := connection(4242, false, lvs.TCP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	tests := map[string]func(*lvs.Tuple){
		"another client":      func(tu *lvs.Tuple) { tu.Src = addr("198.51.100.8") },
		"another client port": func(tu *lvs.Tuple) { tu.SrcPort++ },
		"another service":     func(tu *lvs.Tuple) { tu.Dst = addr("192.0.2.2") },
		"another port":        func(tu *lvs.Tuple) { tu.DstPort++ },
		"another protocol":    func(tu *lvs.Tuple) { tu.Proto = lvs.UDP },
		"its own reply":       func(tu *lvs.Tuple) { *tu = tu.Reverse() },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			tu := con.Tuple
			change(&tu)
			if _, ok := find(table, tu, In); ok {
				t.Errorf("Find(%v) found %v", tu, con.Tuple)
			}
		})
	}
}

func TestLimitRefusesNewAndKeepsOld(t *testing.T) {
	table, _ := newTable(t, 10)
	var c Conn
	for i := range 15 {
		con := connection(i, i%2 == 1, lvs.UDP, lvs.NAT)
		if got, want := table.Insert(&c, &con, 0).OK(), i < 10; got != want {
			t.Errorf("Insert() of connection %d = %t, want %t", i, got, want)
		}
	}
	for i := range 10 {
		con := connection(i, i%2 == 1, lvs.UDP, lvs.NAT)
		if _, ok := find(table, con.Tuple, In); !ok {
			t.Errorf("connection %d is gone", i)
		}
	}
	first := connection(0, false, lvs.UDP, lvs.NAT)
	c, _ = find(table, first.Tuple, In)
	table.Expire(&c)
	con := connection(99, false, lvs.UDP, lvs.NAT)
	if !table.Insert(&c, &con, 0).OK() {
		t.Error("Insert() after Expire() = false, want true")
	}
}

func TestInsertTwiceIsOneConnection(t *testing.T) {
	table, loads := newTable(t, 10)
	first, second := connection(1, false, lvs.TCP, lvs.NAT), connection(1, false, lvs.TCP, lvs.NAT)
	second.Real, second.Dest = addr("203.0.113.12"), 5
	var c Conn
	table.Insert(&c, &first, 0)
	if !table.Insert(&c, &second, 0).OK() || c.Dest != first.Dest {
		t.Errorf("second Insert() gave destination %d, want %d", c.Dest, first.Dest)
	}
	if table.Len() != 1 || loads.At(5).Total.Load() != 0 {
		t.Errorf("Len() = %d, load of the loser = %d", table.Len(), loads.At(5).Total.Load())
	}
}

// One client endpoint with a connection to each of many services fills one
// chain of index lines, which must shrink again.
func TestManyConnectionsOfOneClient(t *testing.T) {
	const n = 2000
	table, _ := newTable(t, n)
	con := connection(7, false, lvs.UDP, lvs.NAT)
	var c Conn
	for round := range 3 {
		for port := range n {
			con.Tuple.DstPort = uint16(port)
			if !table.Insert(&c, &con, 0).OK() {
				t.Fatalf("round %d: Insert() of connection %d = false", round, port)
			}
		}
		for port := range n {
			con.Tuple.DstPort = uint16(port)
			c, ok := find(table, con.Tuple, In)
			if !ok {
				t.Fatalf("round %d: connection %d not found", round, port)
			}
			table.Expire(&c)
		}
		if table.Len() != 0 {
			t.Fatalf("round %d: Len() = %d, want 0", round, table.Len())
		}
	}
	var k Key
	table.Key(&k, &con.Tuple, In)
	if home := table.conns.v4.clients.home(k.hash); home.next() != 0 {
		t.Error("an empty chain still has lines")
	}
}

func TestStaleReferenceDoesNothing(t *testing.T) {
	table, loads := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var old, c Conn
	table.Insert(&old, &con, 0)
	table.Expire(&old)
	table.Insert(&c, &con, 0)
	table.Expire(&old)
	table.SetHop(&old, 99)
	table.Step(&old, In, EventSYN, 50)
	now, ok := find(table, con.Tuple, In)
	if !ok || now.Hop != 0 || now.State != lvs.TCPNone {
		t.Errorf("successor = %+v, %t; want it untouched", now, ok)
	}
	if got := loads.At(con.Dest).Active.Load(); got != 0 {
		t.Errorf("active = %d, want 0", got)
	}
}

func TestNewRefusesSenselessLimit(t *testing.T) {
	for _, n := range []int{-1, maxConnections + 1} {
		if _, err := New(new(lvs.Loads), Options{MaxConnections: n}); err == nil {
			t.Errorf("New(%d connections) succeeded", n)
		}
	}
}
