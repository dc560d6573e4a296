package encap

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestShiftSequenceAsScapyDoes has, before and after, scapy 2.5.0's
// e/i4(C4, V4)/TCP(sport=4242, dport=21, seq=100, ack=5000, window=65535,
// flags='A', options=[('NOP', None), ('NOP', None), ('SAck', (6000, 7000, 8000, 9000))])
// with e and i4 as in TestScapyNAT: 3 bytes more there, 5 fewer here.
func TestShiftSequenceAsScapyDoes(t *testing.T) {
	const front = "0200000000020200000000010800" + "4500003c0000400040064e80c6336407c0000201" + "10920015"
	p, _ := mustParse(t, unhex(t, front+"0000006400001388a010ffff"+"d3ad0000"+"01010512"+"0000177000001b5800001f4000002328"))
	ShiftSequence(p, 3, -5)
	wantFrame(t, p, unhex(t, front+"0000006700001383a010ffff"+"d3c30000"+"01010512"+"0000176b00001b5300001f3b00002323"))
}

// numbers are what ShiftSequence is about.
type numbers struct {
	seq, ack uint32
	edges    []uint32 // of SACK
}

// segment builds a TCP segment with numbers, whose SACK option begins after pad
// bytes of padding.
func (n numbers) segment(e [3]string, flags header.TCPFlags, pad int, payload string) []byte {
	options := bytes.Repeat([]byte{header.OptionNone}, pad)
	if len(n.edges) > 0 {
		options = append(options, header.OptionSACK, byte(2+4*len(n.edges)))
	}
	for _, edge := range n.edges {
		options = binary.BigEndian.AppendUint32(options, edge)
	}
	return withTCPOptions(tcp(flags, payload)(e[0], e[1]), n.seq, n.ack, options)
}

// withTCPOptions returns a copy of an untagged frame with a TCP segment that has
// these numbers and options, filled up to a multiple of four with zeros.
func withTCPOptions(frame []byte, seq, ack uint32, options []byte) []byte {
	options = append(options, make([]byte, -len(options)&3)...)
	at := len(frame) - len(packettest.Transport(frame))
	f := slices.Insert(slices.Clone(frame), at+header.TCPSize, options...)
	h := header.TCP(f[at:])
	h.SetSeq(seq)
	h.SetAck(ack)
	h.SetDataOffset(header.TCPSize + len(options))
	resize(packettest.Network(f), len(options))
	return packettest.Finish(f)
}

func (n numbers) shifted(flags header.TCPFlags, seq, ack int32) numbers {
	out := numbers{n.seq + uint32(seq), n.ack, slices.Clone(n.edges)}
	if flags&header.FlagACK == 0 {
		return out
	}
	out.ack += uint32(ack)
	for i := range out.edges {
		out.edges[i] += uint32(ack)
	}
	return out
}

func TestShiftSequenceIsWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := rapid.SampledFrom(families()).Draw(rt, "family")
		flags := header.TCPFlags(rapid.Byte().Draw(rt, "flags"))
		pad, payload := rapid.IntRange(0, 5).Draw(rt, "padding"), rapid.String().Draw(rt, "payload")
		delta := rapid.OneOf(rapid.Just(int32(0)), rapid.Int32())
		seq, ack := delta.Draw(rt, "delta"), delta.Draw(rt, "other delta")
		n := numbers{rapid.Uint32().Draw(rt, "seq"), rapid.Uint32().Draw(rt, "ack"), nil}
		for range rapid.IntRange(0, 4).Draw(rt, "blocks") {
			n.edges = append(n.edges, rapid.Uint32().Draw(rt, "left"), rapid.Uint32().Draw(rt, "right"))
		}
		in, want := n.segment(e, flags, pad, payload), n.shifted(flags, seq, ack).segment(e, flags, pad, payload)
		sum := packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, want, sum = packettest.Unfinished(in), packettest.Unfinished(want), packettest.Partial(in)
		}
		p, _ := mustParse(t, in)
		p.Sum = sum
		ShiftSequence(p, seq, ack)
		if !bytes.Equal(p.Bytes(), want) || p.Sum != sum {
			rt.Fatalf("ShiftSequence(%d, %d) of\n%x gives\n%x, want\n%x", seq, ack, in, p.Bytes(), want)
		}
	})
}

// TestShiftSequenceOfBrokenOptions: what a receiver would not read is left alone.
func TestShiftSequenceOfBrokenOptions(t *testing.T) {
	block := []byte{0, 0, 1, 0, 0, 0, 2, 0}
	moved := []byte{0, 0, 1, 5, 0, 0, 2, 5}
	tests := map[string]struct{ in, want []byte }{
		"behind the end":           {slices.Concat([]byte{0, 5, 10}, block), slices.Concat([]byte{0, 5, 10}, block)},
		"behind a length of one":   {slices.Concat([]byte{8, 1, 5, 10}, block), slices.Concat([]byte{8, 1, 5, 10}, block)},
		"behind a length of zero":  {slices.Concat([]byte{8, 0, 5, 10}, block), slices.Concat([]byte{8, 0, 5, 10}, block)},
		"longer than the header":   {slices.Concat([]byte{1, 1, 5, 11}, block), slices.Concat([]byte{1, 1, 5, 11}, block)},
		"half a block":             {[]byte{1, 1, 5, 6, 0, 0, 1, 0}, []byte{1, 1, 5, 6, 0, 0, 1, 0}},
		"no block":                 {[]byte{1, 1, 5, 2}, []byte{1, 1, 5, 2}},
		"a kind in the last byte":  {[]byte{1, 1, 1, 5}, []byte{1, 1, 1, 5}},
		"behind another option":    {slices.Concat([]byte{8, 2, 5, 10}, block), slices.Concat([]byte{8, 2, 5, 10}, moved)},
		"at an odd offset":         {slices.Concat([]byte{1, 5, 10}, block), slices.Concat([]byte{1, 5, 10}, moved)},
		"a block and half of more": {slices.Concat([]byte{5, 14}, block, block[:4]), slices.Concat([]byte{5, 14}, moved, block[:4])},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := tcp(header.FlagACK, "odd")(client4, virtual4)
			p, _ := mustParse(t, withTCPOptions(frame, 1, 1, tt.in))
			ShiftSequence(p, 0, 5)
			wantFrame(t, p, withTCPOptions(frame, 1, 6, tt.want))
		})
	}
}

func TestShiftSequenceWithoutASegment(t *testing.T) {
	f := packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoTCP, make([]byte, 19))
	p := packettest.Frame(f)
	p.L3, p.L4 = header.EthernetSize, header.EthernetSize+header.IPv4Size
	ShiftSequence(p, 1, 1)
	p.L4 = 0
	ShiftSequence(p, 1, 1)
	wantFrame(t, p, f)
}

// FuzzEditing edits whatever a worker can parse: what was right stays right, and
// the opposite edit gives the packet back.
func FuzzEditing(f *testing.F) {
	f.Add(tcp(header.FlagACK, "227 (203,0,113,9,20,1)")(client4, virtual4), 5, 3, []byte("longer"), int32(3), int32(-5))
	f.Add(tcp(header.FlagSYN, "")(client6, virtual6), 0, 0, []byte{}, int32(math.MinInt32), int32(1))
	n := numbers{seq: 1, ack: 2, edges: []uint32{3, math.MaxUint32}}
	f.Add(n.segment([3]string{client6, virtual6}, header.FlagACK, 1, "odd"), 1, 1, []byte("even"), int32(-1), int32(1))
	f.Add(packettest.UDP(client4, virtual4, "odd"), 0, 1, []byte("x"), int32(1), int32(1))
	f.Fuzz(func(t *testing.T, frame []byte, at, n int, text []byte, seq, ack int32) {
		p, proto, ok := parse(frame)
		if !ok || len(text) > 1000 {
			t.Skip()
		}
		p = roomy(t, p.Bytes(), 1000)
		before, right := bytes.Clone(p.Bytes()), verifies(p.Bytes(), proto)
		if segment, ok := segmentIn(p); ok {
			ShiftSequence(p, seq, ack)
			old := bytes.Clone(segment.Payload()[min(max(at, 0), len(segment.Payload())):])
			if Replace(p, at, n, text) {
				if right && !verifies(p.Bytes(), proto) {
					t.Errorf("editing % x gives % x", before, p.Bytes())
				}
				Replace(p, at, len(text), old[:n])
			}
			ShiftSequence(p, -seq, -ack)
		} else if Replace(p, at, n, text) {
			t.Error("Replace() = true without a segment")
		}
		if got := p.Bytes(); right && !bytes.Equal(got, before) {
			t.Errorf("editing % x there and back gives % x", before, got)
		}
	})
}

func BenchmarkShiftSequence(b *testing.B) {
	for name, deltas := range map[string][2]int32{"request": {28, 0}, "reply": {0, -28}, "both": {28, -28}} {
		b.Run(name, func(b *testing.B) {
			p, _ := mustParse(b, packettest.TCP(client4, virtual4, header.FlagACK, ""))
			b.ReportAllocs()
			for b.Loop() {
				ShiftSequence(p, deltas[0], deltas[1])
			}
		})
	}
}
