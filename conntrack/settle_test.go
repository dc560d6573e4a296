package conntrack

import (
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

const gib = 1 << 30

// A longStream is one of a client whose first packet became longer, as both ends
// and the director see it, in bytes since the beginning.
type longStream struct {
	delta      Delta
	start      uint32 // sequence number of the first byte
	diff       int
	sent, seen uint64 // by the client; by the real server, whose word gets through
}

// wire is the number that the real server has to see for byte n.
func (l *longStream) wire(n uint64) uint32 {
	if n == 0 {
		return l.start
	}
	return l.start + uint32(n) + uint32(l.diff)
}

// check complains if byte n, which is on its way, is not moved as it has to be,
// or passes for the first one.
func (l *longStream) check(t *rapid.T, n uint64) {
	t.Helper()
	seq := l.start + uint32(n)
	if got := l.delta.Seq(seq); got != l.wire(n) {
		t.Fatalf("byte %d of %d: Seq(%#x) = %#x, want %#x with %+v", n, l.sent, seq, got, l.wire(n), l.delta)
	}
	if got := l.delta.Ack(l.wire(n)); got != seq {
		t.Fatalf("byte %d of %d: Ack(%#x) = %#x, want %#x with %+v", n, l.sent, l.wire(n), got, seq, l.delta)
	}
	if n > 0 && seq == l.delta.InitSeq {
		t.Fatalf("byte %d of %d is taken for the first: %+v", n, l.sent, l.delta)
	}
}

// However long a stream and large its window, all of it is moved alike, and only
// its beginning is taken for that.
func TestLongStreamsSettle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := longStream{start: rapid.Uint32().Draw(rt, "first sequence number"), diff: rapid.IntRange(1, 200).Draw(rt, "diff")}
		l.delta.resize(l.start, l.diff)
		window := uint64(rapid.IntRange(1<<16, gib).Draw(rt, "window"))
		for l.seen < 5*gib {
			step := uint64(rapid.IntRange(stride/8, 3*stride).Draw(rt, "acknowledged"))
			l.sent = l.seen + window
			l.check(rt, l.seen)
			l.check(rt, l.sent)
			l.check(rt, l.seen+step%window)
			l.check(rt, l.seen-min(l.seen, window/4)) // late
			l.seen += step
			l.delta.settle(l.delta.Ack(l.wire(l.seen)))
		}
		if want := int32(l.diff); l.delta.Delta != want || l.delta.Previous != want {
			rt.Fatalf("after %d bytes: %+v", l.seen, l.delta)
		}
	})
}

// Numbers of another connection with the same addresses, which a real server may
// still acknowledge, do not let a client past the place of its first packet.
func TestDistantNumbersDoNotSettle(t *testing.T) {
	tests := map[string]uint32{
		"behind":          1<<32 - gib,
		"a stride ahead":  stride,
		"a little more":   stride + 1,
		"just credible":   credible * stride,
		"hardly credible": credible*stride + 1,
		"about to settle": furthest * stride,
		"beyond that":     furthest*stride + 1,
		"half way round":  1 << 31,
	}
	for name, ahead := range tests {
		d := Delta{InitSeq: 1000, Delta: 28}
		for range 100 {
			d.settle(1000 + ahead)
		}
		if d.InitSeq != 1000 || d.Previous != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	var none Delta
	if none.settle(2 * stride); none != (Delta{}) {
		t.Errorf("nothing edited: %+v", none)
	}
}

// A packet that is resized after all that counts from there.
func TestResizeOfALongStream(t *testing.T) {
	d := Delta{InitSeq: 1000, Delta: 28}
	seq := uint32(1000)
	for range 10 * gib / stride {
		seq += stride
		d.settle(seq)
	}
	d.resize(seq, 7)
	if want := (Delta{InitSeq: seq, Delta: 35, Previous: 28}); d != want {
		t.Errorf("resized: %+v, want %+v", d, want)
	}
}

func TestSettleOfBothDirections(t *testing.T) {
	table, _ := newTable(t, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var c Conn
	table.Insert(&c, &con, 0)
	table.Resize(&c, In, 100, 28)
	table.Resize(&c, Out, 7000, 0)
	old := c
	seq, ack := uint32(7000), uint32(100)
	for range 5 * gib / stride {
		seq, ack = seq+stride+1, ack+stride+1
		in, out, _ := table.Deltas(&c)
		table.Settle(&c, &in, &out, seq, ack+28)
	}
	in, out, ok := table.Deltas(&c)
	if !ok || in.Delta != 28 || in.Previous != 28 || !after(ack, in.InitSeq) {
		t.Errorf("requests, at %#x: %+v, %t", ack, in, ok)
	}
	if out.Delta != 0 || out.Previous != 0 || !after(seq, out.InitSeq) || out.InitSeq == 7000 {
		t.Errorf("replies, at %#x: %+v", seq, out)
	}
	table.Expire(&c)
	table.Insert(&c, &con, 0)
	table.Resize(&c, In, 100, 28)
	want, _, _ := table.Deltas(&c)
	table.Settle(&old, &want, &out, 7000, 100+28+2*stride)
	if got, _, _ := table.Deltas(&c); got != want {
		t.Errorf("Settle() of a connection that is gone changed its successor: %+v", got)
	}
}
