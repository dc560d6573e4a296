package icmp

import "testing"

// TestRelayAsScapyDoes holds relayed errors against packets made by scapy 2.5.0,
// which computes all checksums: an error as the director gets it, and as the
// client does, with the expressions in each row, after
//
//	from scapy.all import *
//	C4, V4, D4, R4, W4 = '198.51.100.7', '192.0.2.1', '203.0.113.1', '203.0.113.9', '203.0.113.129'
//	C6, V6, D6, R6, W6 = '2001:db8::7', '2001:db8:1::1', '2001:db8:2::1', '2001:db8:2::9', '2001:db8:3::1'
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	q4 = IP(src=C4, dst=V4, id=0x1234, flags='DF', ttl=63)/UDP(sport=4242, dport=53)/'who is there'
//	q6 = IPv6(src=C6, dst=V6, hlim=63)/UDP(sport=4242, dport=53)/'who is there'
//	o4, o6 = IP(src=D4, dst=R4, id=0, flags='DF', ttl=63), IPv6(src=D6, dst=R6, hlim=63)
//	gue = UDP(sport=40000, dport=6080, chksum=0)/Raw(bytes([0, 4, 0, 0]))
//	gre = GRE(chksum_present=1, proto=0x86dd)
//	e4, e6 = e/IP(src=W4, dst=D4, id=7), e/IPv6(src=W6, dst=D6)
//	a4, a6 = e/IP(src=V4, dst=C4, id=0x1234, tos=0xc0), e/IPv6(src=V6, dst=C6, hlim=64)
//	big4, big6 = lambda n: ICMP(type=3, code=4, nexthopmtu=n), lambda n: ICMPv6PacketTooBig(mtu=n)
func TestRelayAsScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		ether6 = "02000000000202000000000186dd"
		w4d4   = "cb007181cb007101"
		d4r4   = "cb007101cb007109"
		w6d6   = "20010db800030000000000000000000120010db8000200000000000000000001"
		d6r6   = "20010db800020000000000000000000120010db8000200000000000000000009"
		who    = "77686f206973207468657265"
		q4     = "45000028123440003f113d55c6336407c0000201109200350014b787" + who
		q6     = "600000000014113f20010db800000000000000000000000720010db80001000000000000000000011092003500144849" + who
		a4     = ether4 + "45c000441234000040017b89c0000201c6336407"
		a6     = ether6 + "6000000000443a4020010db800010000000000000000000120010db8000000000000000000000007"
	)
	tests := map[string]struct{ in, src, want string }{
		"IPIP too big": { // e4/big4(1400)/o4/q4, a4/big4(1380)/q4
			ether4 + "45000058000700004001021b" + w4d4 + "0304e3e500000578" + "4500003c000040003f04c3b2" + d4r4 + q4,
			"192.0.2.1", a4 + "0304e3f900000564" + q4,
		},
		"GUE unreachable": { // e4/ICMP(type=3, code=3)/o4/gue/q4, a4/ICMP(type=3, code=3)/q4
			ether4 + "45000064000700004001020f" + w4d4 + "0303352600000000" +
				"45000048000040003f11c399" + d4r4 + "9c4017c00034000000040000" + q4,
			"192.0.2.1", a4 + "0303e95e00000000" + q4,
		},
		"GRE too big, IPv6": { // e6/big6(1400)/o6/gre/q6, a6/big6(1352)/q6
			ether6 + "6000000000743a40" + w6d6 + "0200b15c00000578" + "6000000000442f3f" + d6r6 + "800086dd87f30000" + q6,
			"2001:db8:1::1", a6 + "02002b9000000548" + q6,
		},
		"IPIP too big, IPv4 in IPv6": { // e6/big6(1400)/o6/q4, a4/big4(1360)/q4
			ether6 + "6000000000583a40" + w6d6 + "0200c8f600000578" + "600000000028043f" + d6r6 + q4,
			"192.0.2.1", a4 + "0304e40d00000550" + q4,
		},
		"IPIP time exceeded, IPv6 in IPv4": { // e4/ICMP(type=11, code=0)/o4/q6, a6/ICMPv6TimeExceeded(code=0)/q6
			ether4 + "4500006c0007000040010207" + w4d4 + "0b0083d100000000" + "45000050000040003f29c379" + d4r4 + q6,
			"2001:db8:1::1", a6 + "03002fd800000000" + q6,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, unhex(t, tt.in))
			q, ok := Tunneled(p, proto)
			if !ok || !ChecksumOK(p) {
				t.Fatalf("Tunneled() = %t, ChecksumOK() = %t", ok, ChecksumOK(p))
			}
			Relay(p, &q, addr(tt.src), q.MTU)
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}
