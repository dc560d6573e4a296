package fragment

import (
	"encoding/hex"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// parsed returns frame as a packet whose network header has been found.
func parsed(frame []byte) *packet.Packet {
	p := packettest.Frame(frame)
	if _, offset, ok := header.Network(frame); ok {
		p.L3 = uint16(offset)
	}
	return p
}

// The headers of scapy's fragments: Ethernet, IPv6 addresses.
const (
	ethernet4 = "0200000000020200000000010800"
	ethernet6 = "02000000000202000000000186dd"
	addresses = "20010db800000000000000000000000720010db8000100000000000000000001"
)

// TestFragmentsOfScapy reads frames that scapy 2.5.0 has made by, for f in each
// row's expression, bytes(e/f).hex() after
//
//	from scapy.all import *
//	C4, V4, C6, V6 = '198.51.100.7', '192.0.2.1', '2001:db8::7', '2001:db8:1::1'
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	u = UDP(sport=4242, dport=53)/('who is there'*4)
//	x = IPv6ExtHdrFragment(id=0xdeadbeef)
func TestFragmentsOfScapy(t *testing.T) {
	four := Key{lvs.Addr4(0xc6336407), lvs.Addr4(0xc0000201), 0xbeef, lvs.UDP}
	six := Key{lvs.Addr{Hi: 0x20010db800000000, Lo: 7}, lvs.Addr{Hi: 0x20010db800010000, Lo: 1}, 0xdeadbeef, 0}
	pieces := []Piece{{Offset: 0, Len: 24, More: true}, {Offset: 24, Len: 24, More: true}, {Offset: 48, Len: 8}}
	tests := map[string]struct {
		frames []string
		key    Key
		want   []Piece
	}{
		"ipv4": {
			// fragment(IP(src=C4, dst=V4, id=0xbeef)/u, fragsize=24)
			[]string{
				ethernet4 + "4500002cbeef20004011af95c6336407c0000201" + "109200350038d58d77686f20697320746865726577686f20",
				ethernet4 + "4500002cbeef20034011af92c6336407c0000201" + "697320746865726577686f20697320746865726577686f20",
				ethernet4 + "4500001cbeef00064011cf9fc6336407c0000201" + "6973207468657265",
			}, four, pieces,
		},
		"ipv6": {
			// fragment6(IPv6(src=C6, dst=V6)/x/u, 72)
			[]string{
				ethernet6 + "6000000000202c40" + addresses + "11000001deadbeef" + "109200350038664f77686f20697320746865726577686f20",
				ethernet6 + "6000000000202c40" + addresses + "11000019deadbeef" + "697320746865726577686f20697320746865726577686f20",
				ethernet6 + "6000000000102c40" + addresses + "11000030deadbeef" + "6973207468657265",
			}, six, pieces,
		},
		"ipv6 with headers on both sides": {
			// fragment6(IPv6(src=C6, dst=V6)/IPv6ExtHdrHopByHop(options=PadN(optdata=b'\0'*12))/x/IPv6ExtHdrDestOpt()/u, 96)
			[]string{
				ethernet6 + "6000000000380040" + addresses + "2c01010c000000000000000000000000" + "3c000001deadbeef" +
					"1100010400000000" + "109200350038664f77686f20697320746865726577686f20",
				ethernet6 + "6000000000380040" + addresses + "2c01010c000000000000000000000000" + "3c000020deadbeef" +
					"697320746865726577686f20697320746865726577686f206973207468657265",
			}, six, []Piece{{Offset: 0, Len: 32, More: true}, {Offset: 32, Len: 32}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for i, s := range tt.frames {
				frame, err := hex.DecodeString(s)
				if err != nil {
					t.Fatal(err)
				}
				if k, pc, ok := Read(parsed(frame)); !ok || k != tt.key || pc != tt.want[i] {
					t.Errorf("Read(fragment %d) = %+v, %+v, %t, want %+v, %+v", i, k, pc, ok, tt.key, tt.want[i])
				}
			}
		})
	}
}

// The ends of the flows here, with ports.
const (
	client4, vip4 = "198.51.100.7:4242", "192.0.2.1:80"
	client6, vip6 = "[2001:db8::7]:4242", "[2001:db8:1::1]:80"
)

// piece returns the i-th fragment of frame, with size bytes each.
func piece(frame []byte, size, i int) []byte { return packettest.Fragments(frame, size, 7)[i] }

func TestTinyFirstFragments(t *testing.T) {
	syn4 := packettest.TCP(client4, vip4, header.FlagSYN, "hello, world")
	syn6 := packettest.TCP(client6, vip6, header.FlagSYN, "hello, world")
	options6 := piece(syn6, 24, 0)
	inner := packettest.Network(options6)[header.IPv6Size:]
	inner[0] = 60 // destination options, and so 16 bytes of TCP
	copy(inner[fragmentSize:], []byte{header.ProtoTCP, 0, 1, 4, 0, 0, 0, 0})
	init4 := packettest.SCTP(client4, vip4, packettest.Chunk(header.ChunkInit, "sixteen octets.."))
	tests := map[string]struct {
		in   []byte
		tiny bool
	}{
		"tcp, ports alone":            {piece(syn4, 8, 0), true},
		"tcp, flags to come":          {piece(syn4, 16, 0), true},
		"tcp, whole header":           {piece(syn4, 24, 0), false},
		"tcp, the rest":               {piece(syn4, 8, 1), false},
		"tcp over ipv6, ports alone":  {piece(syn6, 8, 0), true},
		"tcp over ipv6, whole header": {piece(syn6, 24, 0), false},
		"tcp behind an ipv6 option":   {options6, true},
		"udp":                         {piece(packettest.UDP(client6, vip6, "hello"), 8, 0), false},
		"sctp, chunk to come":         {piece(init4, 8, 0), true},
		"sctp, chunk's header":        {piece(init4, 16, 0), false},
		"icmp":                        {piece(packettest.ICMP("198.51.100.7", "192.0.2.1", header.ICMPEcho, 0, 7, "ping"), 8, 0), false},
		"icmpv6":                      {piece(packettest.ICMP("2001:db8::7", "2001:db8::1", header.ICMPv6EchoRequest, 0, 7, "ping"), 8, 0), false},
		"esp":                         {piece(packettest.ESP("198.51.100.7", "192.0.2.1", 7, "secret"), 8, 0), false},
		"ah":                          {piece(packettest.AH("198.51.100.7", "192.0.2.1", header.ProtoUDP, 7, "query"), 8, 0), true},
		"gre, which nobody reads":     {piece(packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoGRE, make([]byte, 16)), 8, 0), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, pc, ok := Read(parsed(tt.in)); !ok || pc.Tiny != tt.tiny {
				t.Errorf("Read(%x) = %+v, %t, want tiny: %t", tt.in, pc, ok, tt.tiny)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	query4, query6 := packettest.UDP(client4, vip4, "who is there"), packettest.UDP(client6, vip6, "who is there")
	later6 := piece(query6, 8, 1)
	mapped := packettest.UDP("[2001:db8::7]:4242", "[2001:db8:1::1]:53", "who is there")
	header.IPv6(packettest.Network(mapped)).SetDst([]byte{10: 0xff, 11: 0xff, 12: 192, 0, 2, 1})
	options6 := piece(query6, 16, 0)
	packettest.Network(options6)[header.IPv6Size] = 60 // destination options, which the ports say are long
	tests := map[string][]byte{
		"no bytes":                      {},
		"no fragment":                   query4,
		"no ipv6 fragment":              query6,
		"ipv6 fragment that is whole":   piece(query6, 512, 0),
		"arp":                           packettest.ARP(header.ARPRequest, packettest.ClientMAC(), "198.51.100.7", header.MAC{}, "192.0.2.1"),
		"cut short":                     piece(query4, 8, 1)[:40],
		"cut within the ipv4 header":    piece(query4, 8, 1)[:20],
		"cut before the ip header":      piece(query4, 8, 1)[:14],
		"ipv6 cut short":                later6[:len(later6)-1],
		"ipv6 cut within the header":    later6[:50],
		"ipv6 header past the fragment": options6,
		"ipv4-mapped ipv6":              piece(mapped, 8, 1),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			if k, pc, ok := Read(parsed(in)); ok {
				t.Errorf("Read(%x) = %+v, %+v, want it refused", in, k, pc)
			}
		})
	}
	t.Run("not parsed", func(t *testing.T) {
		if k, pc, ok := Read(packettest.Frame(piece(query4, 8, 1))); ok {
			t.Errorf("Read() = %+v, %+v, want it refused", k, pc)
		}
	})
}

// FuzzRead takes whatever may come through Read and a Tracker.
func FuzzRead(f *testing.F) {
	query4, query6 := packettest.UDP(client4, vip4, "who is there"), packettest.UDP(client6, vip6, "who is there")
	for _, frame := range [][]byte{
		query4, query6, piece(query4, 8, 0), piece(query4, 8, 2), piece(query6, 8, 0), piece(query6, 8, 2),
		packettest.VLAN(piece(query6, 8, 1), 200, 100), piece(query6, 8, 1)[:58],
	} {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) > 65535 {
			t.Skip() // no packet is as long
		}
		k, pc, ok := Read(parsed(frame))
		if !ok {
			return
		}
		if pc.Offset < 0 || pc.Offset > 65528 || pc.Len < 0 || pc.Len > len(frame) || pc.Offset == 0 && !pc.More || k.Src.Is4() != k.Dst.Is4() {
			t.Errorf("Read(%x) = %+v, %+v", frame, k, pc)
		}
		_, _, o := New[int](Options{Datagrams: 1}).Add(k, pc, 0)
		if o <= accepted || o >= Gone && o != Malformed && o != TooLong && o != Tiny {
			t.Errorf("Add(%+v, %+v) = %v", k, pc, o)
		}
	})
}
