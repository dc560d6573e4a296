package encap

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// roomy is packettest.Frame with n bytes of room behind the frame.
func roomy(t testing.TB, frame []byte, n int) *packet.Packet {
	t.Helper()
	p, _ := mustParse(t, frame)
	chunk := append(make([]byte, packet.Headroom, packet.Headroom+len(frame)+n), frame...)
	l3, l4 := p.L3, p.L4
	p.Reset(chunk[:cap(chunk)], packet.Headroom, len(frame))
	p.L3, p.L4 = l3, l4
	return p
}

// TestReplaceAsScapyDoes has a server's answers to PASV and EPSV before and
// after, each e/i(..)/TCP(sport=21, dport=4242, seq=1, ack=1, window=65535,
// flags='PA')/answer of scapy 2.5.0, with e and i as in TestScapyNAT.
func TestReplaceAsScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		ether6 = "02000000000202000000000186dd"
		tcp    = "001510920000000100000001" + "5018ffff"
		pasv   = "32323720456e746572696e672050617373697665204d6f64652028"
		epsv   = "32323920456e746572696e6720457874656e6465642050617373697665204d6f646520287c7c7c"
		addrs4 = "cb007109c6336407"
		addrs6 = "20010db8000200000000000000000009" + "20010db8000000000000000000000007"
	)
	tests := map[string]struct{ in, old, text, want string }{
		"227 over IPv4": {
			ether4 + "450000570000400040" + "06d45c" + addrs4 + tcp + "008d0000" + pasv + "3230332c302c3131332c392c32302c31" + "292e0d0a",
			"203,0,113,9,20,1", "192,0,2,1,200,210",
			ether4 + "450000580000400040" + "06d45b" + addrs4 + tcp + "fe5f0000" + pasv + "3139322c302c322c312c3230302c323130" + "292e0d0a",
		},
		"229 over IPv6": {
			ether6 + "6000000000440640" + addrs6 + tcp + "80ca0000" + epsv + "35313231" + "7c292e0d0a",
			"5121", "51410",
			ether6 + "6000000000450640" + addrs6 + tcp + "03150000" + epsv + "3531343130" + "7c292e0d0a",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, unhex(t, tt.in))
			at := bytes.Index(header.TCP(p.Bytes()[p.L4:]).Payload(), []byte(tt.old))
			if !Replace(p, at, len(tt.old), []byte(tt.text)) {
				t.Fatal("Replace() = false")
			}
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}

// TestReplaceIsWhatBuildingAnewWouldGive holds edits against segments that are
// built with the new payload, ordinary and GSO, finished and not.
func TestReplaceIsWhatBuildingAnewWouldGive(t *testing.T) {
	shapes := []func([]byte) []byte{
		func(f []byte) []byte { return f },
		func(f []byte) []byte { return packettest.VLAN(f, 200, 100) },
		func(f []byte) []byte {
			if packettest.Network(f)[0]>>4 == 4 {
				return withOptions(f)
			}
			return withExtension(f)
		},
	}
	rapid.Check(t, func(rt *rapid.T) {
		e := rapid.SampledFrom(families()).Draw(rt, "family")
		shape := rapid.SampledFrom(shapes).Draw(rt, "shape")
		size := rapid.SampledFrom([]int{0, 1, 60, 1400, 20_000}).Draw(rt, "more")
		payload := rapid.SliceOfN(rapid.Byte(), size, size+100).Draw(rt, "payload")
		text := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(rt, "text")
		at := rapid.IntRange(0, len(payload)).Draw(rt, "at")
		n := rapid.IntRange(0, min(100, len(payload)-at)).Draw(rt, "n")
		frame := func(payload string) []byte { return shape(tcp(header.FlagACK, payload)(e[0], e[1])) }
		in, want := frame(string(payload)), frame(string(payload[:at])+string(text)+string(payload[at+n:]))
		sum := packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, want, sum = packettest.Unfinished(in), packettest.Unfinished(want), packettest.Partial(in)
		}
		p := roomy(t, in, 100)
		p.Sum, p.GSO = sum, packet.GSO{Kind: packet.GSOTCP4, Size: 1400}
		known := *p
		if !Replace(p, at, n, text) || !bytes.Equal(p.Bytes(), want) {
			rt.Fatalf("Replace gives %x, want %x", p.Bytes(), want)
		}
		if p.L3 != known.L3 || p.L4 != known.L4 || p.Sum != known.Sum || p.GSO != known.GSO {
			rt.Fatalf("Replace leaves %+v of %+v", p, known)
		}
	})
}

// TestReplaceKeepsAWrongChecksumWrong has the damage move by an even number of
// bytes: it stays in its half of a word, and can be undone.
func TestReplaceKeepsAWrongChecksumWrong(t *testing.T) {
	f := tcp(header.FlagACK, "GET / HTTP/1.1")(client4, virtual4)
	f[len(f)-1] ^= 1
	p, _ := mustParse(t, f)
	if !Replace(p, 4, 1, []byte("/page")) {
		t.Fatal("Replace() = false")
	}
	if bytes.Equal(p.Bytes(), packettest.Finish(p.Bytes())) {
		t.Error("the checksum has become right")
	}
	p.Bytes()[p.Len()-1] ^= 1 // the damage undone
	wantFrame(t, p, tcp(header.FlagACK, "GET /page HTTP/1.1")(client4, virtual4))
}

func TestReplaceRefuses(t *testing.T) {
	get := tcp(header.FlagACK, "GET /")(client4, virtual4)
	long := tcp(header.FlagACK, strings.Repeat("x", math.MaxUint16-header.IPv4Size-header.TCPSize))(client4, virtual4)
	longer := tcp(header.FlagACK, strings.Repeat("x", math.MaxUint16-header.IPv6Size-header.TCPSize))(client6, virtual6)
	tests := map[string]struct {
		frame []byte
		at, n int
		text  string
		room  int
	}{
		"one byte too long for the chunk": {get, 0, 0, "four", 3},
		"too long for IPv4":               {long, 0, 1, "xx", 10},
		"too long for IPv6":               {longer, 0, 1, "xx", 10},
		"before the payload":              {get, -1, 1, "", 10},
		"behind the payload":              {get, 6, 0, "", 10},
		"one byte behind the payload":     {get, 2, 4, "", 10},
		"less than nothing":               {get, 2, -1, "", 10},
		"an overflowing length":           {get, 2, math.MaxInt, "", 10},
		"UDP":                             {packettest.UDP(client4, virtual4, "GET /"), 0, 1, "", 10},
		"UDP over IPv6":                   {packettest.UDP(client6, virtual6, strings.Repeat("P", 40)), 0, 1, "", 10},
		"ICMP":                            {packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 1, strings.Repeat("P", 40)), 0, 1, "", 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { refusesToReplace(t, roomy(t, tt.frame, tt.room), tt.at, tt.n, tt.text) })
	}
	t.Run("padding behind the packet", func(t *testing.T) {
		p := roomy(t, get, 10)
		p.Grow(1)
		refusesToReplace(t, p, 0, 1, "")
	})
	t.Run("headers not found", func(t *testing.T) {
		p := roomy(t, get, 10)
		p.L4 = 0
		refusesToReplace(t, p, 0, 1, "")
	})
	for _, f := range [][]byte{
		packettest.Fragments(tcp(header.FlagACK, "GET / HTTP/1.1")(client4, virtual4), 24, 9)[0],
		packettest.Fragments(tcp(header.FlagACK, "GET / HTTP/1.1")(client6, virtual6), 24, 9)[0],
	} {
		p := packettest.Frame(f)
		p.L3 = header.EthernetSize
		p.L4 = uint16(len(f) - 24)
		refusesToReplace(t, p, 0, 1, "")
	}
}

func refusesToReplace(t *testing.T, p *packet.Packet, at, n int, text string) {
	t.Helper()
	before, frame := *p, bytes.Clone(p.Bytes())
	if Replace(p, at, n, []byte(text)) {
		t.Errorf("Replace(%d, %d, %q) = true", at, n, text)
	}
	wantFrame(t, p, frame)
	if p.L3 != before.L3 || p.L4 != before.L4 || p.Start() != before.Start() {
		t.Errorf("Replace leaves %+v of %+v", p, before)
	}
}

func TestEditingDoesNotAllocate(t *testing.T) {
	p := roomy(t, tcp(header.FlagACK, "227 Entering Passive Mode (203,0,113,9,20,1).\r\n")(client4, virtual4), 10)
	short, long := []byte("20,1"), []byte("200,210")
	n := testing.AllocsPerRun(100, func() {
		if !Replace(p, 39, len(short), long) || !Replace(p, 39, len(long), short) {
			t.Fatal("Replace() = false")
		}
		ShiftSequence(p, 3, -3)
	})
	if n != 0 {
		t.Errorf("editing allocates %v times, want 0", n)
	}
}
