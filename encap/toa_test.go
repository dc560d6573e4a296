package encap

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestInsertTOAAsScapyDoes holds the option against segments made by scapy
// 2.5.0. Each row is e/i(L, R)/TCP(sport=5000, dport=8080, seq=1, ack=1,
// window=65535, ...) before and after, with e and i as in TestScapyFullNAT, o as
// with synOptions, and
//
//	toa4 = (254, bytes.fromhex('1092c6336407'))
//	toa6 = (254, bytes.fromhex('109220010db8000000000000000000000007'))
func TestInsertTOAAsScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		ether6 = "02000000000202000000000186dd"
		addrs4 = "cb007101cb007109"
		addrs6 = "20010db800020000000000000000000120010db8000200000000000000000009"
		tcp    = "13881f90" + "0000000100000001"
		toa4   = "fe081092c6336407"
		toa6   = "fe14109220010db8000000000000000000000007"
	)
	tests := map[string]struct{ client, in, want string }{
		"IPv4, in front of others": { // i4(..)/TCP(flags='S', options=o), [toa4]+o
			client4,
			ether4 + "4500003c000040004006c2b0" + addrs4 + tcp + "a002ffff9cd30000" + synOptions,
			ether4 + "45000044000040004006c2a8" + addrs4 + tcp + "c002ffff43f50000" + toa4 + synOptions,
		},
		"IPv4, before data": { // i4(..)/TCP(flags='A', options=[])/'odd', [toa4]
			client4,
			ether4 + "4500002b000040004006c2c1" + addrs4 + tcp + "5010ffff31470000" + "6f6464",
			ether4 + "45000033000040004006c2b9" + addrs4 + tcp + "7010ffffd8680000" + toa4 + "6f6464",
		},
		"IPv6": { // i6(..)/TCP(flags='A', options=[])/'odd', [toa6]
			client6,
			ether6 + "6000000000170640" + addrs6 + tcp + "5010ffff4dd30000" + "6f6464",
			ether6 + "60000000002b0640" + addrs6 + tcp + "a010ffffc1570000" + toa6 + "6f6464",
		},
		"IPv6 to a real server of IPv4": { // i4(..)/TCP(flags='S', options=o), [toa6]+o
			client6,
			ether4 + "4500003c000040004006c2b0" + addrs4 + tcp + "a002ffff9cd30000" + synOptions,
			ether4 + "45000050000040004006c29c" + addrs4 + tcp + "f002ffff10580000" + toa6 + synOptions,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, unhex(t, tt.in))
			client, port := endpoint(tt.client)
			length := p.Len()
			if !InsertTOA(p, client, port) {
				t.Fatal("InsertTOA() = false")
			}
			wantFrame(t, p, unhex(t, tt.want))
			if p.Len() != length+TOASize(client) {
				t.Errorf("TOASize() = %d, want %d", TOASize(client), p.Len()-length)
			}
		})
	}
}

// toaOption is the option as bytes.
func toaOption(client lvs.Addr, port uint16) []byte {
	addr := client.Netip().AsSlice()
	return append(binary.BigEndian.AppendUint16([]byte{254, byte(4 + len(addr))}, port), addr...)
}

func TestInsertTOAIsWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := rapid.SampledFrom(families()).Draw(rt, "family")
		addr := drawEndpoint(rt, rapid.Bool().Draw(rt, "IPv6"), "client")
		client, port := lvs.AddrFrom(addr.Addr()), addr.Port()
		words := rapid.IntRange(0, (40-TOASize(client))/4).Draw(rt, "words of options")
		others := rapid.SliceOfN(rapid.Byte(), 4*words, 4*words).Draw(rt, "options")
		frame := tcp(header.TCPFlags(rapid.Byte().Draw(rt, "flags")), rapid.String().Draw(rt, "payload"))(e[0], e[1])
		in, want := withTCPOptions(frame, 1, 1, others), withTCPOptions(frame, 1, 1, append(toaOption(client, port), others...))
		sum := packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, want, sum = packettest.Unfinished(in), packettest.Unfinished(want), packettest.Partial(in)
		}
		p, _ := mustParse(t, in)
		p.Sum = sum
		known := *p
		if !InsertTOA(p, client, port) || !bytes.Equal(p.Bytes(), want) {
			rt.Fatalf("InsertTOA gives %x, want %x", p.Bytes(), want)
		}
		if p.L3 != known.L3 || p.L4 != known.L4 || p.Sum != known.Sum {
			rt.Fatalf("InsertTOA leaves %+v of %+v", p, known)
		}
	})
}

func TestInsertTOARefuses(t *testing.T) {
	ack := tcp(header.FlagACK, "GET /")(client4, virtual4)
	long := tcp(header.FlagACK, strings.Repeat("x", 65535-header.IPv4Size-header.TCPSize-7))(client4, virtual4)
	for name, p := range map[string]*packet.Packet{
		"options over 40 bytes":         packetOf(t, withTCPOptions(ack, 1, 1, make([]byte, 36))),
		"one byte too little headroom":  cramped(t, ack, 7),
		"one byte too long for IPv4":    packetOf(t, long),
		"UDP":                           packetOf(t, udp("odd")(client4, virtual4)),
		"ICMP":                          packetOf(t, packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 1, "ping")),
		"a first fragment":              unchecked(packettest.Fragments(ack, 24, 9)[0]),
		"a first fragment over IPv6":    unchecked(packettest.Fragments(tcp(0, "GET /")(client6, virtual6), 24, 9)[0]),
		"padding behind the packet":     unchecked(packettest.Padded(ack, 60)),
		"padding behind IPv6":           unchecked(packettest.Padded(tcp(0, "odd")(client6, virtual6), 100)),
		"a data offset behind the end":  unchecked(packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoTCP, slices.Repeat([]byte{0xf0}, 20))),
		"a data offset before the data": unchecked(packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoTCP, make([]byte, 20))),
	} {
		t.Run(name, func(t *testing.T) {
			client, port := endpoint(client4)
			refuses(t, p, func() bool { return InsertTOA(p, client, port) })
			p.L4 = 0
			refuses(t, p, func() bool { return InsertTOA(p, client, port) })
		})
	}
	t.Run("a GSO frame", func(t *testing.T) {
		p := packetOf(t, ack)
		p.GSO = packet.GSO{Kind: packet.GSOTCP4, Size: 2}
		client, port := endpoint(client4)
		refuses(t, p, func() bool { return InsertTOA(p, client, port) })
	})
}

// packetOf is mustParse without the protocol.
func packetOf(t testing.TB, frame []byte) *packet.Packet {
	t.Helper()
	p, _ := mustParse(t, frame)
	return p
}

func BenchmarkInsertTOA(b *testing.B) {
	for name, e := range map[string][3]string{"IPv4": {client4, local4, real4}, "IPv6": {client6, local6, real6}} {
		b.Run(name, func(b *testing.B) {
			frame := tcp(header.FlagACK, strings.Repeat("x", 1400))(e[1], e[2])
			p := packetOf(b, frame)
			client, port := endpoint(e[0])
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if !InsertTOA(p, client, port) {
					b.Fatal("InsertTOA() = false")
				}
				l3, l4 := p.L3, p.L4
				p.Pull(p.Len() - len(frame))
				copy(p.Bytes(), frame[:100])
				p.L3, p.L4 = l3, l4
			}
		})
	}
}

// TestStripTOA has clients claim to be somebody else, in segments of every kind.
func TestStripTOA(t *testing.T) {
	claim := []byte{optionTOA, toaSize4, 0x10, 0x92, 192, 0, 2, 99}
	tests := map[string]struct {
		options []byte
		want    bool
	}{
		"no options":            {nil, false},
		"the option alone":      {claim, true},
		"behind others":         {append([]byte{2, 4, 5, 180, 1, 3, 3, 7}, claim...), true},
		"twice":                 {append(append([]byte{}, claim...), claim...), true},
		"at an odd place":       {append([]byte{1, 1, 1}, append(claim, 1)...), true},
		"of an unusual length":  {[]byte{optionTOA, 5, 1, 2, 3, 1, 1, 1}, true},
		"inside another option": {[]byte{30, 8, optionTOA, 6, 1, 2, 3, 4}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := packettest.TCP("198.51.100.7:4242", "192.0.2.1:80", header.FlagACK, "data")
			p := packetOf(t, withTCPOptions(frame, 1, 1, slices.Clone(tt.options)))
			if got := StripTOA(p); got != tt.want {
				t.Errorf("StripTOA = %t, want %t", got, tt.want)
			}
			h := header.TCP(p.Bytes()[p.L4:])
			left := header.Options(h.Options())
			for at, end, ok := left.Next(0); ok; at, end, ok = left.Next(end) {
				if left[at] == optionTOA {
					t.Errorf("the option is still there: % x", left)
				}
			}
			if !verifies(p.Bytes(), lvs.TCP) {
				t.Error("the checksum does not follow")
			}
		})
	}
}
