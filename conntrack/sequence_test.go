package conntrack

import (
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// A segment as its sender numbers it, and by how much the director makes its
// payload longer.
type segment struct{ size, diff int }

// segments are a stream of which few packets are edited, never twice in a row,
// as an FTP server waits for its client after each answer.
func segments() *rapid.Generator[[]segment] {
	return rapid.Custom(func(t *rapid.T) []segment {
		list := make([]segment, rapid.IntRange(1, 30).Draw(t, "segments"))
		for i := range list {
			list[i].size = rapid.IntRange(20, 1460).Draw(t, "size")
			if i > 0 && list[i-1].diff == 0 && rapid.IntRange(0, 2).Draw(t, "edited") == 0 {
				list[i].diff = rapid.IntRange(-19, 40).Draw(t, "diff")
			}
		}
		return list
	})
}

// The receiver gets a stream without holes or overlaps, the sender gets its own
// numbers back, and neither retransmissions nor the end of the numbers matter.
func TestDeltasOverAStream(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		start := rapid.Uint32().Draw(rt, "initial sequence number")
		var d Delta
		seq, expected := start, start
		lastSeq, lastWire := seq, expected
		for i, s := range segments().Draw(rt, "stream") {
			if s.diff != 0 {
				d.resize(seq, s.diff)
				d.resize(seq, s.diff) // sent again
			}
			if got := d.Seq(seq); got != expected {
				rt.Fatalf("segment %d: Seq(%d) = %d, want %d", i, seq, got, expected)
			}
			if got := d.Seq(lastSeq); i > 0 && got != lastWire {
				rt.Fatalf("segment %d sent again: Seq(%d) = %d, want %d", i-1, lastSeq, got, lastWire)
			}
			if got := d.Ack(expected); got != seq {
				rt.Fatalf("segment %d not yet received: Ack(%d) = %d, want %d", i, expected, got, seq)
			}
			lastSeq, lastWire = seq, expected
			seq += uint32(s.size)
			expected += uint32(s.size + s.diff)
			if got := d.Ack(expected); got != seq {
				rt.Fatalf("segment %d received: Ack(%d) = %d, want %d", i, expected, got, seq)
			}
		}
	})
}

func TestDelta(t *testing.T) {
	// Packet 1000 became 4 longer; before that, packet 500 became 6 shorter.
	d := Delta{InitSeq: 1000, Delta: -2, Previous: -6}
	tests := map[string]struct {
		got, want uint32
	}{
		"before the edited packet":      {d.Seq(990), 984},
		"the edited packet":             {d.Seq(1000), 994},
		"after it":                      {d.Seq(1001), 999},
		"ack of what came before":       {d.Ack(984), 990},
		"ack up to the edited packet":   {d.Ack(994), 1000},
		"ack of the edited packet":      {d.Ack(1018), 1020},
		"nothing edited":                {new(Delta).Seq(7), 7},
		"nothing edited, far":           {new(Delta).Ack(1 << 31), 1 << 31},
		"not yet acknowledged, shrunk":  {(&Delta{InitSeq: 100, Delta: -2}).Ack(100), 100},
		"numbers begin again, after":    {(&Delta{InitSeq: 0xffffffff, Delta: 5}).Seq(3), 8},
		"numbers begin again, acked":    {(&Delta{InitSeq: 0xffffffff, Delta: 5}).Ack(8), 3},
		"numbers begin again, the same": {(&Delta{InitSeq: 0xffffffff, Delta: 5}).Seq(0xffffffff), 0xffffffff},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", name, tt.got, tt.want)
		}
	}
}

func TestDeltasBelongToTheirConnection(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	if _, _, ok := table.Deltas(&c); ok || c.Edited() {
		t.Error("a new connection has deltas")
	}
	table.Resize(&c, Out, 7000, 3)
	table.Resize(&c, In, 100, -2)
	table.Resize(&c, Out, 8000, 4)
	c, _ = find(table, con.Tuple, In)
	in, out, ok := table.Deltas(&c)
	if want := (Delta{InitSeq: 100, Delta: -2}); in != want {
		t.Errorf("deltas of requests = %+v, want %+v", in, want)
	}
	if want := (Delta{InitSeq: 8000, Delta: 7, Previous: 3}); !ok || !c.Edited() || out != want {
		t.Errorf("deltas of replies = %+v, %t, want %+v", out, ok, want)
	}
	table.Step(&c, In, EventSYN, 0)
	if c, _ = find(table, con.Tuple, In); !c.Edited() {
		t.Error("a change of state forgot the deltas")
	}
	old := c
	table.Expire(&c)
	table.Insert(&c, &con, 0)
	table.Resize(&old, In, 1, 1)
	if _, _, ok := table.Deltas(&old); ok || c.Edited() {
		t.Error("the successor has its predecessor's deltas")
	}
	table.Resize(&c, In, 500, 1)
	if in, out, _ := table.Deltas(&c); in != (Delta{InitSeq: 500, Delta: 1}) || out != (Delta{}) {
		t.Errorf("deltas of the successor = %+v, %+v", in, out)
	}
}
