package conntrack

import (
	"fmt"
	"testing"

	"xlvs/lvs"
)

// everyPort is a local address with all of its usual ports.
func everyPort(s string) LocalRange { return LocalRange{addr(s), 1024, 65535} }

func newLocals(t testing.TB, table *Table, ranges ...LocalRange) *Locals {
	t.Helper()
	l, err := table.NewLocals(ranges)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fullNAT returns client i's connection from l, whose client and real server are
// of these families.
func fullNAT(i int, client6, real6 bool, p lvs.Protocol, l *Locals) Connection {
	c := connection(i, client6, p, lvs.FullNAT)
	c.Real, c.Locals = connection(i, real6, p, lvs.FullNAT).Real, l
	return c
}

// findReply looks for the connection of a real server's packet to c's local
// endpoint.
func findReply(t *Table, n *Connection, c *Conn) (Conn, bool) {
	return findLocal(t, lvs.Tuple{Src: n.Real, SrcPort: n.Port, Dst: c.Peer, DstPort: c.PeerPort, Proto: n.Tuple.Proto})
}

func findLocal(t *Table, tu lvs.Tuple) (Conn, bool) {
	var c Conn
	var k Key
	t.KeyLocal(&k, &tu)
	t.Probe(&k)
	ok := t.Find(&c, &k, &tu)
	return c, ok
}

var familyPairs = []struct{ client6, real6 bool }{{false, false}, {false, true}, {true, false}, {true, true}}

func TestFullNATIsFoundBothWays(t *testing.T) {
	for i, pair := range familyPairs {
		for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
			t.Run(fmt.Sprintf("%+v %v", pair, p), func(t *testing.T) {
				table, loads := newTable(t, 100)
				l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9"))
				n := fullNAT(4242+i, pair.client6, pair.real6, p, l)
				var c Conn
				if o := table.Insert(&c, &n, 0); o != Entered {
					t.Fatalf("Insert() = %d, want Entered", o)
				}
				in, ok := find(table, n.Tuple, In)
				if !ok || in != c || in.Addr != n.Real || in.Port != n.Port || in.Method != lvs.FullNAT {
					t.Errorf("Find(request) = %+v, %t, want %+v", in, ok, c)
				}
				if in.Peer.Is4() == pair.real6 || !l.of(n.Real)[0].has(in.PeerPort) {
					t.Errorf("local endpoint %v port %d for real server %v", in.Peer, in.PeerPort, n.Real)
				}
				out, ok := findReply(table, &n, &c)
				if !ok || out.Addr != n.Tuple.Dst || out.Port != n.Tuple.DstPort || out.Peer != n.Tuple.Src || out.PeerPort != n.Tuple.SrcPort {
					t.Errorf("Find(reply) = %+v, %t", out, ok)
				}
				if out.handle != in.handle || out.Dest != n.Dest || out.Proto != p || out.flags != in.flags || out.expiry != in.expiry {
					t.Errorf("Find(reply) = %+v, Find(request) = %+v: not the same connection", out, in)
				}
				table.Expire(&out)
				if _, ok := findReply(table, &n, &c); ok || table.Len() != 0 || loads.At(n.Dest).Total.Load() != 0 || table.mixed.Load() != 0 {
					t.Errorf("after Expire() found %t, Len() = %d, mixed %d", ok, table.Len(), table.mixed.Load())
				}
			})
		}
	}
}

func TestRepliesAreToldApart(t *testing.T) {
	for _, pair := range familyPairs {
		table, _ := newTable(t, 100)
		n := fullNAT(7, pair.client6, pair.real6, lvs.TCP, newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9")))
		var c Conn
		table.Insert(&c, &n, 0)
		tests := map[string]func(*lvs.Tuple){
			"another real server": func(tu *lvs.Tuple) { tu.Src.Lo++ },
			"another server port": func(tu *lvs.Tuple) { tu.SrcPort++ },
			"another address":     func(tu *lvs.Tuple) { tu.Dst.Lo++ },
			"another local port":  func(tu *lvs.Tuple) { tu.DstPort++ },
			"another protocol":    func(tu *lvs.Tuple) { tu.Proto = lvs.UDP },
			"the other way round": func(tu *lvs.Tuple) { *tu = tu.Reverse() },
			"to the client":       func(tu *lvs.Tuple) { tu.Dst, tu.DstPort = n.Tuple.Src, n.Tuple.SrcPort },
		}
		for name, change := range tests {
			tu := lvs.Tuple{Src: n.Real, SrcPort: n.Port, Dst: c.Peer, DstPort: c.PeerPort, Proto: lvs.TCP}
			change(&tu)
			if _, ok := findLocal(table, tu); ok {
				t.Errorf("%+v, %s: Find(%v) found the connection", pair, name, tu)
			}
			if _, ok := find(table, tu, Out); ok {
				t.Errorf("%+v, %s: Find(%v) with Key found the connection", pair, name, tu)
			}
		}
		if _, ok := find(table, n.Tuple.Reverse(), Out); ok {
			t.Errorf("%+v: found by a packet from the service itself", pair)
		}
	}
}

// Everything that goes by a reference works from either side.
func TestStepAndHopFromTheReply(t *testing.T) {
	table, loads := newTable(t, 100)
	n := fullNAT(7, false, true, lvs.TCP, newLocals(t, table, everyPort("2001:db8::9")))
	var c Conn
	table.Insert(&c, &n, 0)
	table.Step(&c, In, EventSYN, 0)
	out, _ := findReply(table, &n, &c)
	table.Step(&out, Out, EventSYN, 1)
	table.SetHop(&out, 42)
	in, _ := find(table, n.Tuple, In)
	table.Step(&in, In, EventACK, 2)
	out, ok := findReply(table, &n, &c)
	if !ok || out.State != lvs.TCPEstablished || out.Hop != 42 || loads.At(n.Dest).Active.Load() != 1 {
		t.Errorf("Find(reply) = %+v, %t, want ESTABLISHED with hop 42", out, ok)
	}
	child := connection(8, false, lvs.TCP, lvs.NAT)
	child.Parent = out.AsParent()
	table.Insert(&c, &child, 0)
	table.Expire(&out)
	if _, ok := findReply(table, &n, &in); ok {
		t.Error("a hidden connection is found by its reply")
	}
}

func TestListingShowsLocalEndpoint(t *testing.T) {
	table, _ := newTable(t, 100)
	l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9"))
	want := map[lvs.Tuple]Conn{}
	for i, pair := range familyPairs {
		n := fullNAT(i, pair.client6, pair.real6, lvs.TCP, l)
		var c Conn
		table.Insert(&c, &n, 0)
		want[n.Tuple] = c
	}
	var c Conn
	plain := connection(9, true, lvs.TCP, lvs.NAT)
	table.Insert(&c, &plain, 0)
	for got := range table.All() {
		c := want[lvs.Tuple{Src: got.Client, SrcPort: got.ClientPort, Dst: got.Virtual, DstPort: got.VirtualPort, Proto: got.Proto}]
		if got.Local != c.Peer || got.LocalPort != c.PeerPort || c.Peer.IsZero() != (got.Method == lvs.NAT) {
			t.Errorf("%+v, want local endpoint %v port %d", got, c.Peer, c.PeerPort)
		}
	}
}

// Two workers with one client may pick real servers of different families.
func TestOneClientIsOneConnectionInBothFamilies(t *testing.T) {
	table, _ := newTable(t, 100)
	l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9"))
	for _, first6 := range []bool{false, true} {
		var c Conn
		first, second := fullNAT(1, false, first6, lvs.TCP, l), fullNAT(1, false, !first6, lvs.TCP, l)
		if a, b := table.Insert(&c, &first, 0), table.Insert(&c, &second, 0); a != Entered || b != Known || c.Addr != first.Real {
			t.Errorf("Insert() = %d and %d with real server %v, want Entered, Known, %v", a, b, c.Addr, first.Real)
		}
		table.Expire(&c)
	}
}

func TestFindOfFullNATDoesNotAllocate(t *testing.T) {
	table, _ := newTable(t, 100)
	l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9"))
	for _, pair := range familyPairs {
		n := fullNAT(1, pair.client6, pair.real6, lvs.UDP, l)
		var c Conn
		table.Insert(&c, &n, 0)
		allocs := testing.AllocsPerRun(100, func() {
			in, there := find(table, n.Tuple, In)
			_, back := findReply(table, &n, &in)
			if !there || !back {
				t.Fatalf("found %t, %t", there, back)
			}
		})
		if allocs != 0 {
			t.Errorf("%+v: %v allocations, want 0", pair, allocs)
		}
		table.Expire(&c)
	}
}
