package packettest

import (
	"bytes"
	"encoding/hex"
	"testing"

	"xlvs/dataplane/header"
)

// The addresses of these tests: client and virtual address of each family.
const (
	c4, v4 = "198.51.100.7", "192.0.2.1"
	c6, v6 = "2001:db8::7", "2001:db8:1::1"
)

// TestFramesOfScapy holds the builders against frames made by scapy 2.5.0. Each
// row has the expression that bytes(...).hex() was taken of, after
//
//	from scapy.all import *
//	C4, V4, C6, V6 = '198.51.100.7', '192.0.2.1', '2001:db8::7', '2001:db8:1::1'
//	M1, M2 = '02:00:00:00:00:01', '02:00:00:00:00:02'
//	e = Ether(src=M1, dst=M2)
//	i4, i6 = IP(src=C4, dst=V4, id=0, flags='DF'), IPv6(src=C6, dst=V6)
//	tcp = lambda f: TCP(sport=4242, dport=80, seq=1, ack=1, window=65535, flags=f)
//	q4, q6 = (i/UDP(sport=4242, dport=53)/'who is there' for i in (i4, i6))
func TestFramesOfScapy(t *testing.T) {
	query4 := UDP(c4+":4242", v4+":53", "who is there")
	query6 := UDP("["+c6+"]:4242", "["+v6+"]:53", "who is there")
	tests := map[string]struct {
		got  []byte
		want string
	}{
		"TCP over IPv4": {
			// e/i4/tcp('S')
			TCP(c4+":4242", v4+":80", header.FlagSYN, ""),
			"0200000000020200000000010800" +
				"450000280000400040064e94c6336407c0000201" +
				"1092005000000001000000015002ffffb2c20000",
		},
		"TCP over IPv6": {
			// e/i6/tcp('PA')/'GET /'
			TCP("["+c6+"]:4242", "["+v6+"]:80", header.FlagPSH|header.FlagACK, "GET /"),
			"02000000000202000000000186dd" +
				"600000000019064020010db800000000000000000000000720010db8000100000000000000000001" +
				"1092005000000001000000015018ffff79030000474554202f",
		},
		"UDP over IPv4": {
			// e/q4
			query4,
			"0200000000020200000000010800" +
				"450000280000400040114e89c6336407c0000201" +
				"109200350014b78777686f206973207468657265",
		},
		"UDP over IPv6": {
			// e/q6
			query6,
			"02000000000202000000000186dd" +
				"600000000014114020010db800000000000000000000000720010db8000100000000000000000001" +
				"109200350014484977686f206973207468657265",
		},
		"SCTP over IPv4": {
			// e/i4/SCTP(sport=4242, dport=3868, tag=1)/SCTPChunkCookieEcho(cookie='odd')/SCTPChunkAbort()
			SCTP(c4+":4242", v4+":3868", Chunk(header.ChunkCookieEcho, "odd"), Chunk(header.ChunkAbort, "")),
			"0200000000020200000000010800" +
				"4500002c0000400040844e12c6336407c0000201" +
				"10920f1c000000011061d9750a0000076f64640006000004",
		},
		"SCTP over IPv6": {
			// e/i6/SCTP(sport=4242, dport=3868, tag=1)/
			// SCTPChunkData(stream_id=0, tsn=1, data='odd', beginning=1, ending=1)
			sctpData(c6, v6),
			"02000000000202000000000186dd" +
				"600000000020844020010db800000000000000000000000720010db8000100000000000000000001" +
				"10920f1c00000001a1c0aa75000300130000000100000000000000006f646400",
		},
		"AH over IPv4": {
			// e/IP(src=C4, dst=V4, id=0, flags='DF', proto=51)/
			// AH(nh=17, payloadlen=4, spi=0x1000, seq=7, icv=b'\0'*12)/Raw(b'who is there')
			AH(c4, v4, header.ProtoUDP, 7, "who is there"),
			"0200000000020200000000010800" +
				"450000380000400040334e57c6336407c0000201" +
				"11040000000010000000000700000000000000000000000077686f206973207468657265",
		},
		"AH over IPv6": {
			// e/IPv6(src=C6, dst=V6, nh=51)/AH(nh=17, ...)/Raw(b'who is there')
			AH(c6, v6, header.ProtoUDP, 7, "who is there"),
			"02000000000202000000000186dd" +
				"600000000024334020010db800000000000000000000000720010db8000100000000000000000001" +
				"11040000000010000000000700000000000000000000000077686f206973207468657265",
		},
		"ESP over IPv4": {
			// e/i4/ESP(spi=0x1000, seq=7, data='secret')
			ESP(c4, v4, 7, "secret"),
			"0200000000020200000000010800" +
				"450000220000400040324e6ec6336407c0000201" +
				"0000100000000007736563726574",
		},
		"ESP over IPv6": {
			// e/i6/ESP(spi=0x1000, seq=7, data='secret')
			ESP(c6, v6, 7, "secret"),
			"02000000000202000000000186dd" +
				"60000000000e324020010db800000000000000000000000720010db8000100000000000000000001" +
				"0000100000000007736563726574",
		},
		"ICMP echo": {
			// e/i4/ICMP(type=8, id=7, seq=1)/'ping'
			ICMP(c4, v4, header.ICMPEcho, 0, 7<<16|1, "ping"),
			"0200000000020200000000010800" +
				"450000200000400040014ea1c6336407c0000201" +
				"080019270007000170696e67",
		},
		"ICMPv6 echo": {
			// e/i6/ICMPv6EchoRequest(id=7, seq=1, data='ping')
			ICMP(c6, v6, header.ICMPv6EchoRequest, 0, 7<<16|1, "ping"),
			"02000000000202000000000186dd" +
				"60000000000c3a4020010db800000000000000000000000720010db8000100000000000000000001" +
				"800045650007000170696e67",
		},
		"ICMP fragmentation needed": {
			// e/IP(src='203.0.113.1', dst=C4, id=0, flags='DF')/ICMP(type=3, code=4, nexthopmtu=1400)/q4
			ICMPError("203.0.113.1", header.ICMPDstUnreachable, header.ICMPFragNeeded, 1400, query4),
			"0200000000020200000000010800" +
				"45000044000040004001d47ccb007101c6336407" +
				"0304e3e500000578450000280000400040114e89c6336407c0000201109200350014b78777686f20" +
				"6973207468657265",
		},
		"ICMPv6 packet too big": {
			// e/IPv6(src='2001:db8:2::1', dst=C6)/ICMPv6PacketTooBig(mtu=1400)/q6
			ICMPError("2001:db8:2::1", header.ICMPv6PacketTooBig, 0, 1400, query6),
			"02000000000202000000000186dd" +
				"6000000000443a4020010db800020000000000000000000120010db8000000000000000000000007" +
				"02002b5e00000578600000000014114020010db800000000000000000000000720010db800010000" +
				"0000000000000001109200350014484977686f206973207468657265",
		},
		"IPIP": {
			// e/IP(src='203.0.113.1', dst='203.0.113.9', id=0, flags='DF')/q4
			IP("203.0.113.1", "203.0.113.9", header.ProtoIPIP, Network(query4)),
			"0200000000020200000000010800" +
				"4500003c000040004004c2b2cb007101cb007109" +
				"450000280000400040114e89c6336407c0000201109200350014b78777686f206973207468657265",
		},
		"VLAN": {
			// e/Dot1Q(vlan=100)/q4
			VLAN(query4, 100),
			"020000000002020000000001810000640800" +
				"450000280000400040114e89c6336407c0000201" +
				"109200350014b78777686f206973207468657265",
		},
		"QinQ": {
			// e/Dot1AD(vlan=200)/Dot1Q(vlan=100)/q4
			VLAN(query4, 200, 100),
			"02000000000202000000000188a800c8810000640800" +
				"450000280000400040114e89c6336407c0000201" +
				"109200350014b78777686f206973207468657265",
		},
		"ARP request": {
			// Ether(src=M1, dst='ff:ff:ff:ff:ff:ff')/ARP(op=1, hwsrc=M1, psrc=C4, hwdst='00:00:00:00:00:00', pdst=V4)
			ARP(header.ARPRequest, ClientMAC(), c4, header.MAC{}, v4),
			"ffffffffffff0200000000010806" +
				"0001080006040001020000000001c6336407000000000000c0000201",
		},
		"ARP reply": {
			// Ether(src=M2, dst=M1)/ARP(op=2, hwsrc=M2, psrc=V4, hwdst=M1, pdst=C4)
			ARP(header.ARPReply, DirectorMAC(), v4, ClientMAC(), c4),
			"0200000000010200000000020806" +
				"0001080006040002020000000002c0000201020000000001c6336407",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want, err := hex.DecodeString(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(tt.got, want) {
				t.Errorf("frame differs from scapy's\n got %x\nwant %x", tt.got, want)
			}
		})
	}
}

// sctpData returns a frame with a DATA chunk that begins and ends a message.
func sctpData(src, dst string) []byte {
	c := header.Chunk(Chunk(header.ChunkData, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00odd"))
	c.SetFlags(3)
	return SCTP("["+src+"]:4242", "["+dst+"]:3868", c)
}
