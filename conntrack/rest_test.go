package conntrack

import (
	"testing"

	"xlvs/lvs"
)

// A port rests as long as there are others that have never been used, and then
// those go first that have rested longest.
func TestPortsRest(t *testing.T) {
	table, _ := newTable(t, 100)
	r := LocalRange{addr("192.0.2.9"), 1024, 1624}
	n := fullNAT(7, false, false, lvs.TCP, newLocals(t, table, r))
	ports := portsOf(table, r, &n)
	if ports < 2 {
		t.Skipf("with this seed the client has %d ports", ports)
	}
	var c Conn
	order := []uint16{}
	for i := range 5 * ports {
		if o := table.Insert(&c, &n, Time(10*i)); o != Entered {
			t.Fatalf("Insert() %d = %d", i, o)
		}
		if i >= ports && c.PeerPort != order[i-ports] {
			t.Errorf("connection %d has port %d, want %d, which has rested longest", i, c.PeerPort, order[i-ports])
		}
		for _, earlier := range order[max(0, i-ports+1):] {
			if c.PeerPort == earlier {
				t.Errorf("connection %d has port %d while others have rested longer", i, earlier)
			}
		}
		order = append(order, c.PeerPort)
		table.Expire(&c)
	}
}

// All of a client's ports but one are taken: that one is used again at once.
func TestLastPortDoesNotRest(t *testing.T) {
	table, _ := newTable(t, 5000)
	n := fullNAT(7, false, false, lvs.TCP, newLocals(t, table, LocalRange{addr("192.0.2.9"), 1024, 6000}))
	var c, last Conn
	for table.Insert(&c, &n, 0) == Entered {
		last = c
		n.Tuple.DstPort++
	}
	for range 3 {
		table.Expire(&last)
		if o := table.Insert(&c, &n, 1); o != Entered || c.PeerPort != last.PeerPort {
			t.Fatalf("Insert() = %d with port %d, want %d", o, c.PeerPort, last.PeerPort)
		}
		last = c
	}
}

// supplies returns how many supplies there are.
func supplies(table *Table) (n int) {
	for i := range table.ports {
		n += len(table.ports[i].supplies)
	}
	return n
}

// sweepUntil sweeps once a second, as a director does.
func sweepUntil(table *Table, from, to Time) {
	for now := from; now <= to; now += perSecond {
		table.Sweep(now)
	}
}

func TestIdleSupplyIsForgotten(t *testing.T) {
	table, _ := newTable(t, 10)
	l := newLocals(t, table, everyPort("192.0.2.9"))
	n, busy := fullNAT(7, false, false, lvs.UDP, l), fullNAT(7, false, false, lvs.UDP, l)
	busy.Real.Lo++
	busy.Tuple.DstPort++
	busy.Timeout = 3600 * Tick * 10
	var c Conn
	table.Insert(&c, &n, 0) // three seconds
	table.Insert(&c, &busy, 0)
	if sweepUntil(table, 0, 60*perSecond); table.Len() != 1 || supplies(table) != 2 {
		t.Fatalf("Len() = %d, %d supplies after a minute, want 1, 2", table.Len(), supplies(table))
	}
	if sweepUntil(table, 60*perSecond, 240*perSecond); supplies(table) != 1 {
		t.Errorf("%d supplies after four minutes, want the busy one alone", supplies(table))
	}
	table.Expire(&c)
	if sweepUntil(table, 240*perSecond, 480*perSecond); supplies(table) != 0 {
		t.Errorf("%d supplies are left", supplies(table))
	}
}

// A new configuration changes what new connections get, and nothing else.
func TestPoolsChangeAtReload(t *testing.T) {
	table, _ := newTable(t, 20_000)
	old := newLocals(t, table, LocalRange{addr("192.0.2.9"), 1024, 9000}, LocalRange{addr("192.0.2.10"), 1024, 9000})
	n := fullNAT(7, false, false, lvs.TCP, old)
	conns, c := []Conn{}, Conn{}
	for table.Insert(&c, &n, 0) == Entered {
		conns = append(conns, c)
		n.Tuple.DstPort++
	}
	again := newLocals(t, table, LocalRange{addr("192.0.2.10"), 1024, 9000})
	n.Locals = again
	if o := table.Insert(&c, &n, 0); o != NoLocalPort {
		t.Errorf("Insert() from what both have = %d, want NoLocalPort", o)
	}
	n.Locals = newLocals(t, table, LocalRange{addr("192.0.2.10"), 5000, 12_000})
	for table.Insert(&c, &n, 0) == Entered {
		if c.Peer != addr("192.0.2.10") || c.PeerPort <= 9000 {
			t.Errorf("%v port %d is taken or no longer configured", c.Peer, c.PeerPort)
		}
		n.Tuple.DstPort++
	}
	checkLocals(t, table)
	for i := range conns {
		had := &conns[i]
		if _, ok := findReply(table, &n, had); !ok {
			t.Errorf("connection %d is gone", i)
		}
		table.Expire(had)
		useful := had.Peer == addr("192.0.2.10") && had.PeerPort >= 5000
		if o := table.Insert(&c, &n, 1); o.OK() != useful || useful && c.PeerPort != had.PeerPort {
			t.Errorf("after %v port %d has become free: Insert() = %d with port %d", had.Peer, had.PeerPort, o, c.PeerPort)
		} else if useful {
			n.Tuple.DstPort++
		}
	}
	checkLocals(t, table)
}
