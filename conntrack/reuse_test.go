package conntrack

import (
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// onePort returns a connection with exactly one port to choose from.
func onePort(t *testing.T, table *Table, p lvs.Protocol) Connection {
	t.Helper()
	n := fullNAT(7, false, false, p, nil)
	for port := uint16(1024); ; port++ {
		r := LocalRange{addr("192.0.2.9"), port, port}
		if portsOf(table, r, &n) == 1 {
			n.Locals = newLocals(t, table, r)
			return n
		}
	}
}

func TestPortUsedAgainMovesSequenceNumbers(t *testing.T) {
	const end, seq = 0x12345678, 0xfedcba98
	tests := map[string]struct {
		proto lvs.Protocol
		ended bool
		after Time // the last packet
		moved bool
	}{
		"at once":               {lvs.TCP, true, 0, true},
		"after a minute":        {lvs.TCP, true, 60 * perSecond, true},
		"just remembered":       {lvs.TCP, true, 119 * perSecond, true},
		"forgotten":             {lvs.TCP, true, 121 * perSecond, false},
		"long ago":              {lvs.TCP, true, 3600 * perSecond, false},
		"nothing known":         {lvs.TCP, false, 0, false},
		"a protocol without it": {lvs.UDP, false, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table, _ := newTable(t, 10)
			n := onePort(t, table, tt.proto)
			n.Seq = seq
			var c Conn
			table.Insert(&c, &n, 1000)
			table.Step(&c, In, EventSYN, 1000)
			if tt.ended {
				table.NoteEnd(&c, end)
			}
			table.Expire(&c)
			if o := table.Insert(&c, &n, 1000+tt.after); o != Entered {
				t.Fatalf("Insert() = %d", o)
			}
			in, out, ok := table.Deltas(&c)
			if ok != tt.moved || c.Edited() != tt.moved || out != (Delta{}) {
				t.Fatalf("Deltas() = %+v, %+v, %t, want moved %t", in, out, ok, tt.moved)
			}
			if first := in.Seq(seq); ok && (!after(first, end) || int32(first-end) > 1<<25) {
				t.Errorf("the first sequence number is %#x, which does not follow %#x", first, end)
			}
		})
	}
}

// The end is that of the last connection, and a resized one goes on from there.
func TestEndIsHandedOn(t *testing.T) {
	table, _ := newTable(t, 10)
	n := onePort(t, table, lvs.TCP)
	var c Conn
	end := uint32(0xffff_fff0)
	for i := range 20 {
		n.Seq = uint32(i) * 0x3456_789a
		table.Insert(&c, &n, 0)
		first := n.Seq
		if in, _, ok := table.Deltas(&c); ok {
			first = in.Seq(n.Seq)
		}
		if i > 0 && !after(first, end) {
			t.Errorf("connection %d begins with %#x, before the end of the last at %#x", i, first, end)
		}
		if i%3 != 1 { // else it ends without a trace, and the next one follows the last but one
			end = first + 5000
			table.NoteEnd(&c, end)
		}
		table.Expire(&c)
	}
}

func TestNoteEndOfOthersDoesNothing(t *testing.T) {
	table, _ := newTable(t, 10)
	plain, n := connection(1, false, lvs.TCP, lvs.NAT), onePort(t, table, lvs.TCP)
	var c, old Conn
	table.Insert(&c, &plain, 0)
	table.NoteEnd(&c, 99)
	if _, e := table.entry(c.ref); e.load(wLocal) != 0 {
		t.Error("NoteEnd() changed a connection of nat")
	}
	table.Insert(&old, &n, 0)
	table.Expire(&old)
	table.Insert(&c, &n, 0)
	if table.NoteEnd(&old, 99); c.Edited() {
		t.Error("the successor has moved numbers")
	}
	if _, e := table.entry(c.ref); uint16(e.load(wLocal)) != 0 {
		t.Error("NoteEnd() of a connection that is gone changed its successor")
	}
}

func TestFollowing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end, isn := rapid.Uint32().Draw(t, "end"), rapid.Uint32().Draw(t, "initial sequence number")
		d := following(roundUp(end), isn)
		first := d.Seq(isn)
		if !after(first, end) || int32(first-end) > 1<<25 {
			t.Fatalf("%#x does not follow %#x", first, end)
		}
		for _, n := range []uint32{0, 1, 1 << 20, 1 << 31} {
			if d.Seq(isn+n) != first+n || d.Ack(first+n) != isn+n {
				t.Fatalf("%#x after the first: Seq() = %#x, Ack() = %#x", n, d.Seq(isn+n), d.Ack(first+n))
			}
		}
		d.resize(isn+100, 7) // as a PROXY header would
		if d.Seq(isn+100) != first+100 || d.Seq(isn+101) != first+108 || d.Ack(first+108) != isn+101 {
			t.Fatalf("resized: %+v", d)
		}
	})
}
