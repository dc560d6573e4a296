package icmp

import (
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestTranslateAsScapyDoes holds translation against packets made by scapy
// 2.5.0, which computes all checksums but the quoted transport's, c; that one is
// what the packet had when it was sent. The MTU of all errors is 1400. After
//
//	from scapy.all import *
//	C4, V4, R4, W4 = '198.51.100.7', '192.0.2.1', '203.0.113.9', '203.0.113.1'
//	C6, V6, R6, W6 = '2001:db8::7', '2001:db8:1::1', '2001:db8:2::9', '2001:db8:3::1'
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	i4, i6 = lambda s, d: IP(src=s, dst=d, id=0, flags='DF'), lambda s, d: IPv6(src=s, dst=d)
//	m4, m6 = ICMP(type=3, code=4, nexthopmtu=1400), ICMPv6PacketTooBig(mtu=1400)
//	udp = lambda s, d, c: UDP(sport=s, dport=d, chksum=c)/'who is there'
func TestTranslateAsScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		ether6 = "02000000000202000000000186dd"
		outer6 = ether6 + "6000000000443a40"
		inner6 = "6000000000141140"
		who    = "77686f206973207468657265"
		c4     = "c6336407"
		v4     = "c0000201"
		r4     = "cb007109"
		w4     = "cb007101"
		c6     = "20010db8000000000000000000000007"
		v6     = "20010db8000100000000000000000001"
		r6     = "20010db8000200000000000000000009"
		w6     = "20010db8000300000000000000000001"
	)
	tests := map[string]struct {
		translate translation
		to        string
		in, want  string
	}{
		"IPv4, to the real server": {
			// e/i4(W4, V4)/m4/i4(V4, C4)/udp(53, 4242, 0xb787), e/i4(W4, R4)/m4/i4(R4, C4)/udp(5353, 4242, 0xb787)
			ToReal, real4,
			ether4 + "450000440000400040013cb6" + w4 + v4 + "0304e3e500000578" +
				"450000280000400040114e89" + v4 + c4 + "003510920014b787" + who,
			ether4 + "45000044000040004001c2ad" + w4 + r4 + "0304cf3100000578" +
				"45000028000040004011d480" + r4 + c4 + "14e910920014b787" + who,
		},
		"IPv4, to the client": {
			// e/i4(W4, C4)/m4/i4(C4, R4)/udp(4242, 5353, 0x28cb), e/i4(V4, C4)/m4/i4(C4, V4)/udp(4242, 53, 0x28cb)
			ToClient, virtual4,
			ether4 + "45000044000040004001d47c" + w4 + c4 + "03045dee00000578" +
				"45000028000040004011d480" + c4 + r4 + "109214e9001428cb" + who,
			ether4 + "450000440000400040014e7d" + v4 + c4 + "030472a200000578" +
				"450000280000400040114e89" + c4 + v4 + "10920035001428cb" + who,
		},
		"IPv6, to the real server": {
			// e/i6(W6, V6)/m6/i6(V6, C6)/udp(53, 4242, 0x4849), e/i6(W6, R6)/m6/i6(R6, C6)/udp(5353, 4242, 0x4849)
			ToReal, real6,
			outer6 + w6 + v6 + "02002b6200000578" + inner6 + v6 + c6 + "0035109200144849" + who,
			outer6 + w6 + r6 + "0200169c00000578" + inner6 + r6 + c6 + "14e9109200144849" + who,
		},
		"IPv6, to the client": {
			// e/i6(W6, C6)/m6/i6(C6, R6)/udp(4242, 5353, 0x338c), e/i6(V6, C6)/m6/i6(C6, V6)/udp(4242, 53, 0x338c)
			ToClient, virtual6,
			outer6 + w6 + c6 + "02002b5d00000578" + inner6 + c6 + r6 + "109214e90014338c" + who,
			outer6 + v6 + c6 + "0200401c00000578" + inner6 + c6 + v6 + "109200350014338c" + who,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			wantFrame(t, translated(t, unhex(t, tt.in), tt.translate, tt.to), unhex(t, tt.want))
		})
	}
}

// A translation is ToReal or ToClient.
type translation func(*packet.Packet, *Quote, lvs.Addr, uint16)

// translated returns the error in frame after f has given it another endpoint.
func translated(t *testing.T, frame []byte, f translation, to string) *packet.Packet {
	t.Helper()
	p, proto := mustParse(t, frame)
	q, ok := Related(p, proto)
	if !ok {
		t.Fatalf("Related() = false of %x", frame)
	}
	a, port := endpoint(to)
	f(p, &q, a, port)
	return p
}

// A build makes a frame from one endpoint to another.
type build func(src, dst string) []byte

// TestTranslate holds translated errors against those that would have been made
// about the same packet under its other address.
func TestTranslate(t *testing.T) {
	udp := func(s, d string) []byte { return packettest.UDP(s, d, "odd") }
	tcp := func(s, d string) []byte { return packettest.TCP(s, d, header.FlagPSH|header.FlagACK, "GET / HTTP/1.1") }
	both := map[string]build{
		"UDP": udp,
		"TCP": tcp,
		"more than is quoted": func(s, d string) []byte {
			return packettest.UDP(s, d, string(make([]byte, 1400)))
		},
		"a first fragment": func(s, d string) []byte {
			return packettest.Fragments(tcp(s, d), 24, 9)[0]
		},
	}
	both["SCTP"] = func(s, d string) []byte {
		return packettest.SCTP(s, d, packettest.Chunk(header.ChunkData, "twelve bytes and data"))
	}
	for name, b := range both {
		t.Run(name+" over IPv4", func(t *testing.T) { testBothWays(t, b, client4, virtual4, real4) })
		t.Run(name+" over IPv6", func(t *testing.T) { testBothWays(t, b, client6, virtual6, real6) })
	}
	t.Run("IPv4 options", func(t *testing.T) {
		testBothWays(t, func(s, d string) []byte { return withOptions(udp(s, d)) }, client4, virtual4, real4)
	})
	t.Run("IPv6 extension header", func(t *testing.T) {
		testBothWays(t, func(s, d string) []byte { return withExtension(udp(s, d)) }, client6, virtual6, real6)
	})
}

func testBothWays(t *testing.T, b build, client, virtual, server string) {
	answer := b(virtual, client)
	want := unreachable(withChecksumOf(b(server, client), answer))
	wantFrame(t, translated(t, unreachable(answer), ToReal, server), want)

	forwarded := b(client, server)
	a, _ := endpoint(virtual)
	want = unreachableFrom(a.String(), withChecksumOf(b(client, virtual), forwarded))
	wantFrame(t, translated(t, unreachable(forwarded), ToClient, virtual), want)
}

// withChecksumOf gives frame the transport checksum of other, which IPVS leaves
// alone in a quoted packet.
func withChecksumOf(frame, other []byte) []byte {
	to, from := packettest.Partial(frame), packettest.Partial(other)
	size := uint16(2)
	if to.Field-to.Start == header.SCTPChecksumOffset {
		size = 4
	}
	copy(frame[to.Field:to.Field+size], other[from.Field:from.Field+size])
	return frame
}

// TestTranslateWithoutPorts rewrites the addresses of quoted IPsec packets, and
// nothing behind them.
func TestTranslateWithoutPorts(t *testing.T) {
	host := func(endpoint string) string { return netip.MustParseAddrPort(endpoint).Addr().String() }
	for name, b := range map[string]build{
		"ESP": func(s, d string) []byte { return packettest.ESP(host(s), host(d), 7, "secret") },
		"AH":  func(s, d string) []byte { return packettest.AH(host(s), host(d), header.ProtoUDP, 7, "odd") },
		"later fragment of ESP": func(s, d string) []byte {
			return packettest.Fragments(packettest.ESP(host(s), host(d), 7, "secret and more"), 16, 9)[1]
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, e := range [][3]string{{client4, virtual4, real4}, {client6, virtual6, real6}} {
				want := unreachable(b(e[2], e[0]))
				wantFrame(t, translated(t, unreachable(b(e[1], e[0])), ToReal, e[2]), want)
				want = unreachableFrom(host(e[1]), b(e[0], e[1]))
				wantFrame(t, translated(t, unreachable(b(e[0], e[2])), ToClient, e[1]), want)
			}
		})
	}
}

// TestTranslateQuotesOfEightBytes has as little of the packet as RFC 792 asks
// for: a TCP checksum is not among it.
func TestTranslateQuotesOfEightBytes(t *testing.T) {
	short := func(src, dst string) string {
		return string(packettest.Network(packettest.TCP(src, dst, header.FlagSYN, ""))[:28])
	}
	in := packettest.ICMP(router4, "192.0.2.1", 11, 0, 0, short(virtual4, client4))
	want := packettest.ICMP(router4, "203.0.113.9", 11, 0, 0, short(real4, client4))
	wantFrame(t, translated(t, in, ToReal, real4), want)
}

// TestTranslateRepairsTheQuotedHeader has a quote whose TTL a router has counted
// down without the checksum: it is right afterwards, as in the kernel.
func TestTranslateRepairsTheQuotedHeader(t *testing.T) {
	quote := func(src string, ttl uint8) []byte {
		f := packettest.UDP(src, client4, "")
		f[header.EthernetSize+8] = ttl
		return f
	}
	in := quote(virtual4, 1)
	want := unreachable(withChecksumOf(packettest.TTL(quote(real4, 1), 1), in))
	wantFrame(t, translated(t, unreachable(in), ToReal, real4), want)
}

func TestTranslateKeepsTags(t *testing.T) {
	in := unreachable(packettest.UDP(virtual6, client6, "odd"))
	p := translated(t, packettest.VLAN(in, 200, 100), ToReal, real6)
	wantFrame(t, p, packettest.VLAN(translated(t, in, ToReal, real6).Bytes(), 200, 100))
}
