package encap

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestClampAndStripAsScapyDoes holds both against segments made by scapy 2.5.0:
// e/i(L, R)/TCP(sport=5000, dport=8080, seq=1, ack=1, window=65535, flags='S',
// options=...), with o as with synOptions, with ('MSS', 1360) in it, and with
// eleven ('NOP', None) in the place of the timestamps and what is behind them.
func TestClampAndStripAsScapyDoes(t *testing.T) {
	const (
		front4 = "0200000000020200000000010800" + "4500003c000040004006c2b0cb007101cb007109"
		front6 = "02000000000202000000000186dd" + "6000000000280640" +
			"20010db800020000000000000000000120010db8000200000000000000000009"
		tcp = "13881f90" + "0000000100000001" + "a002ffff"
	)
	tests := map[string]struct {
		change   func(*packet.Packet) bool
		in, want string
	}{
		"MSS": {
			func(p *packet.Packet) bool { return ClampMSS(p, 1360) },
			front4 + tcp + "9cd30000" + synOptions,
			front4 + tcp + "9d370000" + "02040550" + "0402080a000000070000000001030307",
		},
		"timestamps": {
			StripTimestamps,
			front6 + tcp + "b95f0000" + synOptions,
			front6 + tcp + "bc6b0000" + "020405b40402" + "01010101010101010101" + "01030307",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := packetOf(t, unhex(t, tt.in))
			if !tt.change(p) {
				t.Error("nothing has changed")
			}
			wantFrame(t, p, unhex(t, tt.want))
			if tt.change(p) {
				t.Error("it has changed again")
			}
		})
	}
}

func TestClampMSS(t *testing.T) {
	tests := map[string]struct {
		flags    header.TCPFlags
		in, want string
	}{
		"a SYN":                     {header.FlagSYN, "020405b4", "020403e8"},
		"a SYN+ACK":                 {header.FlagSYN | header.FlagACK, "020405b4", "020403e8"},
		"at an odd offset":          {header.FlagSYN, "01020405b4010101", "01020403e8010101"},
		"behind padding, odd":       {header.FlagSYN, "010101020405b401", "010101020403e801"},
		"two of them":               {header.FlagSYN, "020405b40204ffff", "020403e8020403e8"},
		"short segments":            {header.FlagSYN, "020403e7", "020403e7"},
		"the very same":             {header.FlagSYN, "020403e8", "020403e8"},
		"none asked for":            {header.FlagSYN, "04020101", "04020101"},
		"no options":                {header.FlagSYN, "", ""},
		"no SYN":                    {header.FlagACK, "020405b4", "020405b4"},
		"a length of three":         {header.FlagSYN, "0203050101010101", "0203050101010101"},
		"a length of six":           {header.FlagSYN, "0206ffffffff0101", "0206ffffffff0101"},
		"behind the end of options": {header.FlagSYN, "00020405b4000000", "00020405b4000000"},
		"longer than the header":    {header.FlagSYN, "01010204", "01010204"},
	}
	for name, tt := range tests {
		for _, e := range families() {
			t.Run(name, func(t *testing.T) {
				frame := tcp(tt.flags, "odd")(e[0], e[1])
				p := packetOf(t, withTCPOptions(frame, 1, 1, unhex(t, tt.in)))
				if got := ClampMSS(p, 1000); got != (tt.in != tt.want) {
					t.Errorf("ClampMSS() = %t", got)
				}
				wantFrame(t, p, withTCPOptions(frame, 1, 1, unhex(t, tt.want)))
			})
		}
	}
}

func TestStripTimestamps(t *testing.T) {
	const stamps = "080a1234567889abcdef"
	tests := map[string]struct {
		flags    header.TCPFlags
		in, want string
	}{
		"a SYN":              {header.FlagSYN, stamps + "0101", "010101010101010101010101"},
		"at an odd offset":   {header.FlagSYN, "01" + stamps + "01", "010101010101010101010101"},
		"no SYN":             {header.FlagACK, stamps + "0101", stamps + "0101"},
		"no timestamps":      {header.FlagSYN, "020405b4", "020405b4"},
		"a length of six":    {header.FlagSYN, "0806123456780101", "0806123456780101"},
		"longer than header": {header.FlagSYN, "080a123456780101", "080a123456780101"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := tcp(tt.flags, "odd")(client4, virtual4)
			p := packetOf(t, withTCPOptions(frame, 1, 1, unhex(t, tt.in)))
			if got := StripTimestamps(p); got != (tt.in != tt.want) {
				t.Errorf("StripTimestamps() = %t", got)
			}
			wantFrame(t, p, withTCPOptions(frame, 1, 1, unhex(t, tt.want)))
		})
	}
}

func TestClampAndStripAreWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := rapid.SampledFrom(families()).Draw(rt, "family")
		was, mss := rapid.Uint16().Draw(rt, "MSS"), rapid.Uint16().Draw(rt, "to")
		pad := bytes.Repeat([]byte{header.OptionNone}, rapid.IntRange(0, 5).Draw(rt, "padding"))
		stamps := append([]byte{header.OptionTimestamps, 10}, rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(rt, "timestamps")...)
		none := bytes.Repeat([]byte{header.OptionNone}, len(stamps))
		frame := func(mss uint16, stamps []byte) []byte {
			options := slices.Concat(pad, []byte{header.OptionMSS, 4, byte(mss >> 8), byte(mss)}, stamps)
			return withTCPOptions(tcp(header.FlagSYN, "odd")(e[0], e[1]), 1, 1, options)
		}
		in, want, sum := frame(was, stamps), frame(min(was, mss), none), packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, want, sum = packettest.Unfinished(in), packettest.Unfinished(want), packettest.Partial(in)
		}
		p := packetOf(t, in)
		p.Sum = sum
		if clamped := ClampMSS(p, mss); clamped != (mss < was) || !StripTimestamps(p) {
			rt.Errorf("ClampMSS() = %t", clamped)
		}
		if !bytes.Equal(p.Bytes(), want) || p.Sum != sum {
			rt.Fatalf("%x has become %x, want %x", in, p.Bytes(), want)
		}
	})
}

func TestClampWithoutASegment(t *testing.T) {
	f := packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoTCP, make([]byte, 19))
	p := unchecked(f)
	refuses(t, p, func() bool { return ClampMSS(p, 1) || StripTimestamps(p) })
	p.L4 = 0
	refuses(t, p, func() bool { return ClampMSS(p, 1) || StripTimestamps(p) })
}

func BenchmarkClampMSS(b *testing.B) {
	p := packetOf(b, withTCPOptions(tcp(header.FlagSYN, "")(client4, virtual4), 1, 1, unhex(b, synOptions)))
	mss := p.Bytes()[p.L4+header.TCPSize+2:][:2]
	b.ReportAllocs()
	for b.Loop() {
		copy(mss, []byte{5, 0xb4})
		if !ClampMSS(p, 1360) {
			b.Fatal("ClampMSS() = false")
		}
	}
}
