package realserver

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The doors of the table below.
var (
	ipip4  = door{lvs.TunnelIPIP, header.ProtoIPIP, false}
	ipip46 = door{lvs.TunnelIPIP, header.ProtoIPIP, true}
	ip6ip4 = door{lvs.TunnelIPIP, header.ProtoIPv6, false}
	gre4   = door{lvs.TunnelGRE, header.ProtoGRE, false}
	gre6   = door{lvs.TunnelGRE, header.ProtoGRE, true}
	gue4   = door{lvs.TunnelGUE, header.ProtoUDP, false}
)

// What kernel IPVS of Linux 6.1 sent for a datagram "ping\n" and, over IPv6, for a
// SYN, as the sockets of a real server give it (tcpdump -x).
const (
	greOuter = "4500003d000040003f2f278c0a0200020a020001"
	greInner = "450000210c6140003f111b050a0100010a01006492cb0050000d6f8170696e670a"
	gueInner = "45000021aaf240003f117c730a0100010a010064928c0050000d6fc070696e670a"
	in6Inner = "45000021fa4040003f112d250a0100010a010064a5550050000d5cf770696e670a"
	synOuter = "45000064c9d700003f299d930a0200020a020001"
	synInner = "600a0e9f0028063ffd010000000000000000000000000001fd010000000000000000000000000100" +
		"cfb00050ad66666400000000a002fd2014b10000020405a00402080a9befbb820000000001030307"
)

// newTunnels returns tunnels to the virtual addresses of those packets.
func newTunnels() *tunnels {
	return &tunnels{vips: map[netip.Addr]bool{netip.MustParseAddr("10.1.0.100"): true, netip.MustParseAddr("fd01::100"): true}}
}

// receive returns what a door's socket makes of the bytes that it gets.
func receive(d door, b []byte, class uint8) (*packet.Packet, uint16) {
	s := &socket{door: d, chunk: make([]byte, room+len(b))}
	if d.proto == header.ProtoUDP {
		s.port = guePort
	}
	copy(s.chunk[room:], b)
	p := new(packet.Packet)
	s.frame(p, len(b), class)
	return p, s.port
}

func TestTake(t *testing.T) {
	const ce = 3
	tests := map[string]struct {
		door  door
		class uint8
		in    string
		want  string // the inner packet, empty if it is refused
	}{
		"gre with checksum":           {gre4, 0, greOuter + "800008008c840000" + greInner, greInner},
		"gre over IPv6":               {gre6, 0, "00000800" + greInner, greInner},
		"gre of IPv6":                 {gre6, 0, "000086dd" + synInner, synInner},
		"gue":                         {gue4, 0, "00040000" + gueInner, gueInner},
		"gue of IPv6":                 {gue4, 0, "00290000" + synInner, synInner},
		"IPv4 in IPv6":                {ipip46, 0, in6Inner, in6Inner},
		"IPv6 in IPv4":                {ip6ip4, 0, synOuter + synInner, synInner},
		"padding behind it":           {ipip46, 0, in6Inner + "0000", in6Inner},
		"nothing":                     {ipip46, 0, "", ""},
		"no outer header":             {ipip4, 0, in6Inner[:30], ""},
		"truncated":                   {ipip46, 0, in6Inner[:len(in6Inner)-2], ""},
		"no IP inside":                {ipip46, 0, "00" + in6Inner[2:], ""},
		"damaged inner header":        {ipip46, 0, strings.Replace(in6Inner, "2d25", "2d26", 1), ""},
		"not for a virtual address":   {ipip46, 0, strings.NewReplacer("2d25", "2d24", "0064a5", "0065a5").Replace(in6Inner), ""},
		"gre with a wrong checksum":   {gre4, 0, greOuter + "800008008c850000" + greInner, ""},
		"gre with a key":              {gre6, 0, "2000080000000001" + greInner, ""},
		"gre of Ethernet":             {gre6, 0, "00006558" + greInner, ""},
		"gue control message":         {gue4, 0, "20040000" + gueInner, ""},
		"gue of version 1":            {gue4, 0, "45" + gueInner[2:], ""},
		"gue with unknown flags":      {gue4, 0, "00040002" + gueInner, ""},
		"gue of UDP":                  {gue4, 0, "00110000" + gueInner, ""},
		"congestion of deaf packets":  {ipip46, ce, in6Inner, ""},
		"congestion":                  {ipip46, ce, strings.NewReplacer("45000021", "45020021", "2d25", "2d23").Replace(in6Inner), strings.NewReplacer("45000021", "45030021", "2d25", "2d22").Replace(in6Inner)},
		"congestion of IPv6":          {gue4, ce, "00290000" + strings.Replace(synInner, "600a", "602a", 1), strings.Replace(synInner, "600a", "603a", 1)},
		"remote checksum, too far":    {gue4, 0, "020400018000000000140100" + gueInner, ""},
		"remote checksum, backwards":  {gue4, 0, "020400018000000000140010" + gueInner, ""},
		"remote checksum is finished": {gue4, 0, "02040001800000000014001a" + strings.Replace(gueInner, "6fc0", "1485", 1), gueInner},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in, err := hex.DecodeString(tt.in)
			must(t, err)
			p, port := receive(tt.door, in, tt.class)
			ok := newTunnels().take(p, tt.door, port)
			if ok != (tt.want != "") {
				t.Fatalf("take(%s) = %t, want %t", tt.in, ok, tt.want != "")
			}
			if got := hex.EncodeToString(p.Bytes()[p.L3:]); ok && got != tt.want {
				t.Errorf("take(%s) leaves\n%s\nwant\n%s", tt.in, got, tt.want)
			}
		})
	}
}

// A sender, or a kernel that merges packets, leaves checksums to a device that is
// never met.
func TestTakeFinishesChecksums(t *testing.T) {
	frames := map[string][]byte{
		"TCP over IPv4": packettest.TCP("192.0.2.7:4242", "10.1.0.100:80", header.FlagACK, "who is there"),
		"TCP over IPv6": packettest.TCP("[2001:db8::7]:4242", "[fd01::100]:80", header.FlagACK, "who is there"),
		"UDP over IPv4": packettest.UDP("192.0.2.7:4242", "10.1.0.100:53", "who is there"),
		"UDP over IPv6": packettest.UDP("[2001:db8::7]:4242", "[fd01::100]:53", "who is there"),
	}
	for name, frame := range frames {
		want, etherType := packettest.Network(frame), frame[12:14]
		left := packettest.Network(packettest.Unfinished(frame))
		wrapped := map[string][]byte{
			"gre":                 append([]byte{0, 0, etherType[0], etherType[1]}, left...),
			"gre, merged packets": append([]byte{0x80, 0, etherType[0], etherType[1], 0xba, 0xad, 0, 0}, left...),
		}
		for tunnel, in := range wrapped {
			t.Run(name+", "+tunnel, func(t *testing.T) {
				p, port := receive(gre6, in, 0)
				if !newTunnels().take(p, gre6, port) {
					t.Fatal("the packet is refused")
				}
				if got := p.Bytes()[p.L3:]; !bytes.Equal(got, want) {
					t.Errorf("take leaves\n% x\nwant\n% x", got, want)
				}
			})
		}
	}
}

// A checksum that is wrong, but not left to somebody, is for the host to see.
func TestTakeLeavesWrongChecksums(t *testing.T) {
	in, err := hex.DecodeString(strings.Replace(in6Inner, "5cf7", "5cf8", 1))
	must(t, err)
	p, port := receive(ipip46, in, 0)
	if !newTunnels().take(p, ipip46, port) || !bytes.Equal(p.Bytes()[p.L3:], in) {
		t.Errorf("take leaves\n% x\nwant\n% x", p.Bytes()[p.L3:], in)
	}
}

func FuzzTake(f *testing.F) {
	doors := []door{ipip4, ipip46, ip6ip4, gre4, gre6, gue4}
	for _, s := range []string{greOuter + "800008008c840000" + greInner, "00040000" + gueInner, in6Inner, synOuter + synInner,
		"02040001800000000014001a" + gueInner} {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		for i := range doors {
			f.Add(uint8(i), uint8(3), b)
		}
	}
	u := newTunnels()
	f.Fuzz(func(t *testing.T, i, class uint8, b []byte) {
		if len(b) > 65507 {
			t.Skip() // no socket receives as much
		}
		d := doors[int(i)%len(doors)]
		p, port := receive(d, b, class)
		if u.take(p, d, port) {
			if dst, ok := destination(p); !ok || !u.vips[dst] {
				t.Errorf("a packet for %v was taken", dst)
			}
		}
	})
}
