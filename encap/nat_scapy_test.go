package encap

import "testing"

// TestScapyNAT holds masquerading against packets made by scapy 2.5.0, which
// computes all checksums. Each row is e/i(..)/l(..) before and after, with
//
//	from scapy.all import *
//	C4, V4, R4 = '198.51.100.7', '192.0.2.1', '203.0.113.9'
//	C6, V6, R6 = '2001:db8::7', '2001:db8:1::1', '2001:db8:2::9'
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	i4 = lambda s, d, ttl=64: IP(src=s, dst=d, id=0, flags='DF', ttl=ttl)
//	i6 = lambda s, d, ttl=64: IPv6(src=s, dst=d, hlim=ttl)
//	tcp = lambda s, d: TCP(sport=s, dport=d, seq=1, ack=1, window=65535, flags='PA')/'GET /'
//	udp = lambda s, d: UDP(sport=s, dport=d)/'who is there'
//	sctp = lambda s, d: SCTP(sport=s, dport=d, tag=1)/
//	       SCTPChunkData(stream_id=0, tsn=1, data='odd', beginning=1, ending=1)
func TestScapyNAT(t *testing.T) {
	const (
		ether4   = "0200000000020200000000010800"
		ether6   = "02000000000202000000000186dd"
		tcpData  = "0000000100000001" + "5018ffff"
		sctpData = "00030013000000010000000000000000" + "6f646400"
		get      = "0000474554202f"
		who      = "77686f206973207468657265"
		c4       = "c6336407"
		v4       = "c0000201"
		r4       = "cb007109"
		c6       = "20010db8000000000000000000000007"
		v6       = "20010db8000100000000000000000001"
		r6       = "20010db8000200000000000000000009"
	)
	tests := map[string]struct {
		reply    bool
		to       string
		in, want string
	}{
		"TCP over IPv4, request": { // i4(C4, V4)/tcp(4242, 80), i4(C4, R4, 63)/tcp(4242, 8080)
			false, "203.0.113.9:8080",
			ether4 + "4500002d0000400040064e8f" + c4 + v4 + "10920050" + tcpData + "e841" + get,
			ether4 + "4500002d000040003f06d586" + c4 + r4 + "10921f90" + tcpData + "4ef9" + get,
		},
		"TCP over IPv4, reply": { // i4(R4, C4)/tcp(8080, 4242), i4(V4, C4, 63)/tcp(80, 4242)
			true, "192.0.2.1:80",
			ether4 + "4500002d000040004006d486" + r4 + c4 + "1f901092" + tcpData + "4ef9" + get,
			ether4 + "4500002d000040003f064f8f" + v4 + c4 + "00501092" + tcpData + "e841" + get,
		},
		"UDP over IPv4, request": { // i4(C4, V4)/udp(4242, 53), i4(C4, R4, 63)/udp(4242, 5353)
			false, "203.0.113.9:5353",
			ether4 + "450000280000400040114e89" + c4 + v4 + "109200350014" + "b787" + who,
			ether4 + "45000028000040003f11d580" + c4 + r4 + "109214e90014" + "28cb" + who,
		},
		"UDP over IPv4, reply": { // i4(R4, C4)/udp(5353, 4242), i4(V4, C4, 63)/udp(53, 4242)
			true, "192.0.2.1:53",
			ether4 + "45000028000040004011d480" + r4 + c4 + "14e910920014" + "28cb" + who,
			ether4 + "45000028000040003f114f89" + v4 + c4 + "003510920014" + "b787" + who,
		},
		"SCTP over IPv4, request": { // i4(C4, V4)/sctp(4242, 3868), i4(C4, R4, 63)/sctp(4242, 3869)
			false, "203.0.113.9:3869",
			ether4 + "450000340000400040844e0a" + c4 + v4 + "10920f1c00000001" + "a1c0aa75" + sctpData,
			ether4 + "45000034000040003f84d501" + c4 + r4 + "10920f1d00000001" + "840b7182" + sctpData,
		},
		"SCTP over IPv6, reply": { // i6(R6, C6)/sctp(3869, 4242), i6(V6, C6, 63)/sctp(3868, 4242)
			true, "[2001:db8:1::1]:3868",
			ether6 + "6000000000208440" + r6 + c6 + "0f1d109200000001" + "40e61682" + sctpData,
			ether6 + "600000000020843f" + v6 + c6 + "0f1c109200000001" + "cd86b1fa" + sctpData,
		},
		"TCP over IPv6, request": { // i6(C6, V6)/tcp(4242, 80), i6(C6, R6, 63)/tcp(4242, 8080)
			false, "[2001:db8:2::9]:8080",
			ether6 + "6000000000190640" + c6 + v6 + "10920050" + tcpData + "7903" + get,
			ether6 + "600000000019063f" + c6 + r6 + "10921f90" + tcpData + "59ba" + get,
		},
		"TCP over IPv6, reply": { // i6(R6, C6)/tcp(8080, 4242), i6(V6, C6, 63)/tcp(80, 4242)
			true, "[2001:db8:1::1]:80",
			ether6 + "6000000000190640" + r6 + c6 + "1f901092" + tcpData + "59ba" + get,
			ether6 + "600000000019063f" + v6 + c6 + "00501092" + tcpData + "7903" + get,
		},
		"UDP over IPv6, request": { // i6(C6, V6)/udp(4242, 53), i6(C6, R6, 63)/udp(4242, 5353)
			false, "[2001:db8:2::9]:5353",
			ether6 + "6000000000141140" + c6 + v6 + "109200350014" + "4849" + who,
			ether6 + "600000000014113f" + c6 + r6 + "109214e90014" + "338c" + who,
		},
		"UDP over IPv6, reply": { // i6(R6, C6)/udp(5353, 4242), i6(V6, C6, 63)/udp(53, 4242)
			true, "[2001:db8:1::1]:53",
			ether6 + "6000000000141140" + r6 + c6 + "14e910920014" + "338c" + who,
			ether6 + "600000000014113f" + v6 + c6 + "003510920014" + "4849" + who,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, unhex(t, tt.in))
			addr, port := endpoint(tt.to)
			if tt.reply {
				NATReply(p, proto, addr, port)
			} else {
				NATRequest(p, proto, addr, port)
			}
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}
