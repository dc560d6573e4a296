package encap

import (
	"testing"

	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// readdress is FullNAT or Translate, as the families ask.
func readdress(p *packet.Packet, proto lvs.Protocol, from, to string) bool {
	src, srcPort := endpoint(from)
	dst, dstPort := endpoint(to)
	if src.Is4() == (p.Bytes()[p.L3]>>4 == 4) {
		FullNAT(p, proto, src, srcPort, dst, dstPort)
		return true
	}
	return Translate(p, proto, src, srcPort, dst, dstPort)
}

// TestScapyFullNAT holds packets with new endpoints, of their own family and of
// the other one, against packets made by scapy 2.5.0. Each row is e/i(..)/l(..)
// before and after as in TestScapyNAT, with
//
//	L4, L6 = '203.0.113.1', '2001:db8:2::1'
func TestScapyFullNAT(t *testing.T) {
	const (
		ether4   = "0200000000020200000000010800"
		ether6   = "02000000000202000000000186dd"
		tcpData  = "0000000100000001" + "5018ffff"
		sctpData = "00030013000000010000000000000000" + "6f646400"
		get      = "0000474554202f"
		who      = "77686f206973207468657265"
		client4  = "c6336407" + "c0000201" // to the virtual service
		client6  = "20010db8000000000000000000000007" + "20010db8000100000000000000000001"
		local4   = "cb007101" + "cb007109" // to the real server
		local6   = "20010db8000200000000000000000001" + "20010db8000200000000000000000009"
		server6  = "20010db8000200000000000000000009" + "20010db8000200000000000000000001"
		virtual6 = "20010db8000100000000000000000001" + "20010db8000000000000000000000007"
	)
	tests := map[string]struct{ from, to, in, want string }{
		"TCP over IPv4, request": { // i4(C4, V4)/tcp(4242, 80), i4(L4, R4, 63)/tcp(5000, 8080)
			"203.0.113.1:5000", "203.0.113.9:8080",
			ether4 + "4500002d0000400040064e8f" + client4 + "10920050" + tcpData + "e841" + get,
			ether4 + "4500002d000040003f06c3bf" + local4 + "13881f90" + tcpData + "3a3c" + get,
		},
		"UDP over IPv4, request": { // i4(C4, V4)/udp(4242, 53), i4(L4, R4, 63)/udp(5000, 5353)
			"203.0.113.1:5000", "203.0.113.9:5353",
			ether4 + "450000280000400040114e89" + client4 + "109200350014" + "b787" + who,
			ether4 + "45000028000040003f11c3b9" + local4 + "138814e90014" + "140e" + who,
		},
		"SCTP over IPv4, request": { // i4(C4, V4)/sctp(4242, 3868), i4(L4, R4, 63)/sctp(5000, 3869)
			"203.0.113.1:5000", "203.0.113.9:3869",
			ether4 + "450000340000400040844e0a" + client4 + "10920f1c00000001" + "a1c0aa75" + sctpData,
			ether4 + "45000034000040003f84c33a" + local4 + "13880f1d00000001" + "bf6c286d" + sctpData,
		},
		"TCP over IPv6, request": { // i6(C6, V6)/tcp(4242, 80), i6(L6, R6, 63)/tcp(5000, 8080)
			"[2001:db8:2::1]:5000", "[2001:db8:2::9]:8080",
			ether6 + "6000000000190640" + client6 + "10920050" + tcpData + "7903" + get,
			ether6 + "600000000019063f" + local6 + "13881f90" + tcpData + "56c8" + get,
		},
		"UDP over IPv6, reply": { // i6(R6, L6)/udp(5353, 5000), i6(V6, C6, 63)/udp(53, 4242)
			"[2001:db8:1::1]:53", "[2001:db8::7]:4242",
			ether6 + "6000000000141140" + server6 + "14e913880014" + "309a" + who,
			ether6 + "600000000014113f" + virtual6 + "003510920014" + "4849" + who,
		},
		"TCP to IPv6": { // i4(C4, V4, tos=0xb9)/tcp(4242, 80), i6(L6, R6, 63, tc=0xb9)/tcp(5000, 8080)
			"[2001:db8:2::1]:5000", "[2001:db8:2::9]:8080",
			ether4 + "45b9002d0000400040064dd6" + client4 + "10920050" + tcpData + "e841" + get,
			ether6 + "6b9000000019063f" + local6 + "13881f90" + tcpData + "56c8" + get,
		},
		// i4(C4, V4, options=[IPOption_NOP()]*4)/udp(4242, 53, chksum=0), i6(L6, R6, 63)/udp(5000, 5353)
		"UDP without checksum, with options, to IPv6": {
			"[2001:db8:2::1]:5000", "[2001:db8:2::9]:5353",
			ether4 + "4600002c0000400040114b83" + client4 + "01010101" + "109200350014" + "0000" + who,
			ether6 + "600000000014113f" + local6 + "138814e90014" + "309a" + who,
		},
		"SCTP to IPv6": { // i4(C4, V4)/sctp(4242, 3868), i6(L6, R6, 63)/sctp(5000, 3869)
			"[2001:db8:2::1]:5000", "[2001:db8:2::9]:3869",
			ether4 + "450000340000400040844e0a" + client4 + "10920f1c00000001" + "a1c0aa75" + sctpData,
			ether6 + "600000000020843f" + local6 + "13880f1d00000001" + "bf6c286d" + sctpData,
		},
		// i6(C6, V6, tc=0xb9)/IPv6ExtHdrFragment(id=0x10007)/tcp(4242, 80),
		// i4(L4, R4, 63, tos=0xb9, id=7, flags=0)/tcp(5000, 8080)
		"TCP to IPv4, an atomic fragment": {
			"203.0.113.1:5000", "203.0.113.9:8080",
			ether6 + "6b90000000212c40" + client6 + "0600000000010007" + "10920050" + tcpData + "7903" + get,
			ether4 + "45b9002d000700003f060300" + local4 + "13881f90" + tcpData + "3a3c" + get,
		},
		// i6(C6, V6, fl=7)/IPv6ExtHdrHopByHop(options=[PadN(optdata=b'\0'*4)])/IPv6ExtHdrFragment(id=9)/
		// udp(4242, 53), i4(L4, R4, 63, id=9, flags=0)/udp(5000, 5353)
		"UDP to IPv4, with extension headers": {
			"203.0.113.1:5000", "203.0.113.9:5353",
			ether6 + "6000000700240040" + client6 + "2c00010400000000" + "1100000000000009" + "109200350014" + "4849" + who,
			ether4 + "45000028000900003f1103b1" + local4 + "138814e90014" + "140e" + who,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, unhex(t, tt.in))
			if !readdress(p, proto, tt.from, tt.to) {
				t.Fatal("Translate() = false")
			}
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}
