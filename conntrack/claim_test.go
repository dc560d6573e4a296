package conntrack

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xlvs/lvs"
)

// passive returns the data connection of a passive FTP transfer, before the
// client has opened it.
func passive(v6 bool) Connection {
	con := connection(0, v6, lvs.TCP, lvs.NAT)
	con.Tuple.DstPort, con.Port = 20001, 20001
	con.NoClientPort, con.State, con.Timeout = true, lvs.TCPListen, 120*time.Second
	return con
}

func TestFirstPacketClaimsAConnectionWithoutClientPort(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		table, loads := newTable(t, 10)
		con := passive(v6)
		var c Conn
		table.Insert(&c, &con, 0)
		table.Resize(&c, Out, 1000, 3)
		table.SetHop(&c, 7)
		request := con.Tuple
		request.SrcPort = 4242
		claimed := con
		claimed.Tuple = request
		if _, ok := find(table, reply(&claimed), Out); ok {
			t.Error("a reply found it before the client's port was known")
		}
		c, ok := find(table, request, In)
		if !ok || !c.NoClientPort() || c.Addr != con.Real {
			t.Fatalf("Find(first packet) = %+v, %t", c, ok)
		}
		stale := c
		if !table.Claim(&c, &request) || c.NoClientPort() {
			t.Fatalf("Claim() = false, or the port is still unknown: %t", c.NoClientPort())
		}
		if table.Claim(&stale, &request) {
			t.Error("Claim() of a claimed connection = true")
		}
		table.Expire(&stale) // does not reach it
		for d, tu := range map[Dir]lvs.Tuple{In: request, Out: reply(&claimed)} {
			got, ok := find(table, tu, d)
			if !ok || got.handle != c.handle || got.NoClientPort() || got.State != lvs.TCPListen || got.Hop != 7 {
				t.Errorf("Find(%v) = %+v, %t", tu, got, ok)
			}
			if _, out, ok := table.Deltas(&got); !ok || out.Delta != 3 {
				t.Errorf("Deltas() = %+v, %t", out, ok)
			}
		}
		request.SrcPort++
		if _, ok := find(table, request, In); ok {
			t.Error("another port of the client found it too")
		}
		if table.Sweep(125 * perSecond); table.Len() != 0 || loads.At(con.Dest).Total.Load() != 0 || table.portless.Load() != 0 {
			t.Errorf("Len() = %d, portless = %d after its timeout", table.Len(), table.portless.Load())
		}
	}
}

func TestWhatAConnectionWithoutClientPortDoesNotMatch(t *testing.T) {
	table, _ := newTable(t, 10)
	con := passive(false)
	ordinary := connection(0, false, lvs.TCP, lvs.NAT) // of client port 0, to port 80
	var c Conn
	table.Insert(&c, &con, 0)
	table.Insert(&c, &ordinary, 0)
	tests := map[string]func(*lvs.Tuple){
		"another client":   func(tu *lvs.Tuple) { tu.Src.Lo++ },
		"another port":     func(tu *lvs.Tuple) { tu.DstPort++ },
		"another protocol": func(tu *lvs.Tuple) { tu.Proto = lvs.UDP },
		"a client's port 0 that is an ordinary connection": func(tu *lvs.Tuple) { tu.DstPort = 80 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			tu := con.Tuple
			tu.SrcPort = 4242
			if change(&tu); table.portless.Load() != 1 {
				t.Fatalf("portless = %d, want 1", table.portless.Load())
			}
			if c, ok := find(table, tu, In); ok {
				t.Errorf("Find(%v) = %+v", tu, c)
			}
		})
	}
}

func TestClaimYieldsToAConnectionThatIsThere(t *testing.T) {
	table, _ := newTable(t, 10)
	there, con := passive(false), passive(false)
	there.NoClientPort, there.Tuple.SrcPort, there.Dest = false, 4242, 6
	var c Conn
	table.Insert(&c, &there, 0)
	table.Insert(&c, &con, 0)
	if table.Claim(&c, &there.Tuple) || !c.NoClientPort() {
		t.Error("Claim() took an address that is taken")
	}
	if c, _ := find(table, there.Tuple, In); c.Dest != 6 {
		t.Errorf("destination = %d, want 6", c.Dest)
	}
}

// A packet of somebody else must not move it to a place where it does not belong.
func TestClaimIsForTheClientAlone(t *testing.T) {
	table, _ := newTable(t, 10)
	con := passive(false)
	var c Conn
	table.Insert(&c, &con, 0)
	for name, change := range map[string]func(*lvs.Tuple){
		"another client":   func(tu *lvs.Tuple) { tu.Src.Lo++ },
		"another protocol": func(tu *lvs.Tuple) { tu.Proto = lvs.UDP },
		"no port either":   func(tu *lvs.Tuple) { tu.SrcPort = 0 },
	} {
		tu := con.Tuple
		tu.SrcPort = 4242
		if change(&tu); table.Claim(&c, &tu) || !c.NoClientPort() {
			t.Errorf("%s: Claim() = true", name)
		}
	}
	if table.Expire(&c); table.Len() != 0 {
		t.Errorf("Len() = %d, want 0", table.Len())
	}
}

// A claimed connection keeps its parent and its children.
func TestClaimKeepsTheFamily(t *testing.T) {
	table, _ := newTable(t, 10)
	control, con := connection(1, false, lvs.TCP, lvs.NAT), passive(false)
	var parent, c, child Conn
	table.Insert(&parent, &control, 0)
	con.Parent = parent.AsParent()
	table.Insert(&c, &con, 0)
	grandchild := connection(3, false, lvs.UDP, lvs.NAT)
	grandchild.Parent = c.AsParent()
	table.Insert(&child, &grandchild, 0)
	request := con.Tuple
	request.SrcPort = 4242
	if !table.Claim(&c, &request) || !c.HasParent() {
		t.Fatal("Claim() = false, or the parent is lost")
	}
	if n := table.kill(child.handle); n != 3 || table.Len() != 0 {
		t.Errorf("kill() of the youngest = %d, want all 3", n)
	}
}

// Of many packets that claim at the same time, from different ports, one wins.
func TestOneOfManyClaims(t *testing.T) {
	for range 50 {
		table, _ := newTable(t, 10)
		con := passive(false)
		var c Conn
		table.Insert(&c, &con, 0)
		var won atomic.Int32
		var wg sync.WaitGroup
		for port := range uint16(4) {
			wg.Go(func() {
				tu := con.Tuple
				tu.SrcPort = 5000 + port
				if c, ok := find(table, tu, In); ok && table.Claim(&c, &tu) {
					won.Add(1)
					if got, ok := find(table, tu, In); !ok || got.handle != c.handle {
						t.Errorf("the winner finds %+v, %t", got, ok)
					}
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || table.Len() != 1 || table.portless.Load() != 0 {
			t.Fatalf("%d packets claimed it; portless = %d", won.Load(), table.portless.Load())
		}
		table.Close()
	}
}
