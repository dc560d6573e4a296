package conntrack

import (
	"math/rand/v2"
	"testing"

	"xlvs/lvs"
)

// Whichever of two overlapping ranges a port was taken from, in the end every
// range has all of its ports again, each of them once.
func TestOverlappingRangesLoseNoPort(t *testing.T) {
	table, _ := newTable(t, 5000)
	ranges := []LocalRange{
		{addr("192.0.2.9"), 1024, 6000}, {addr("192.0.2.9"), 3000, 9000}, {addr("192.0.2.9"), 4000, 5000},
	}
	var locals []*Locals
	for _, r := range ranges {
		locals = append(locals, newLocals(t, table, r))
	}
	random := rand.New(rand.NewPCG(1, 2))
	n := fullNAT(7, false, false, lvs.TCP, nil)
	conns, c := []Conn{}, Conn{}
	for range 20_000 {
		n.Locals = locals[random.IntN(len(locals))]
		n.Tuple.DstPort++
		if random.IntN(2) == 0 && table.Insert(&c, &n, 0) == Entered {
			conns = append(conns, c)
		} else if len(conns) > 0 {
			i := random.IntN(len(conns))
			table.Expire(&conns[i])
			conns[i] = conns[len(conns)-1]
			conns = conns[:len(conns)-1]
		}
	}
	checkLocals(t, table)
	for i, r := range ranges {
		for j := range conns {
			table.Expire(&conns[j])
		}
		conns = conns[:0]
		n.Locals = locals[i]
		for n.Tuple.DstPort++; table.Insert(&c, &n, 0) == Entered; n.Tuple.DstPort++ {
			conns = append(conns, c)
		}
		if want := portsOf(table, r, &n); len(conns) != want || locals[i].Usage().Used < want {
			t.Errorf("%v: %d of %d ports, Usage() = %+v", r, len(conns), want, locals[i].Usage())
		}
	}
}

// What the real server remembers of a port is its last connection, also if that
// had it from another range.
func TestOverlappingRangesRememberTheLastEnd(t *testing.T) {
	table, _ := newTable(t, 10)
	n := onePort(t, table, lvs.TCP)
	wide, port := n, n.Locals.v4[0].First
	wide.Locals = newLocals(t, table, LocalRange{addr("192.0.2.9"), port, port + 1})
	var c Conn
	var end uint32
	for i, turn := range []*Connection{&n, &wide, &n} {
		if o := table.Insert(&c, turn, 0); o != Entered || c.PeerPort != port {
			t.Fatalf("Insert() %d = %d with port %d, want %d", i, o, c.PeerPort, port)
		}
		if in, _, _ := table.Deltas(&c); i == 2 && !after(in.Seq(0), end) {
			t.Errorf("the first range goes on with %#x, before the end at %#x", in.Seq(0), end)
		}
		end += 1 << 30
		table.NoteEnd(&c, end)
		table.Expire(&c)
	}
}
