package icmp

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestCrossAsScapyDoes holds crossed errors against packets made by scapy 2.5.0,
// which computes all checksums but the quoted TCP's: an error as the director
// gets it, and as the sender of the quoted packet does, after
//
//	from scapy.all import *
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	t = lambda s, d, **k: TCP(sport=s, dport=d, seq=7, flags='PA', **k)/'data'
//	l6 = IPv6(src='2001:db8:2::2', dst='2001:db8:2::11', hlim=60, tc=8)/t(2000, 8080)
//	c4 = IP(src='198.51.100.7', dst='192.0.2.1', ttl=60, tos=8, id=0, flags='DF')/t(4242, 80, chksum=0x3416)
//	l4 = IP(src='203.0.113.2', dst='203.0.113.11', ttl=60, tos=8, id=99, flags='DF')/t(2000, 8080)
//	c6 = IPv6(src='2001:db8:c::7', dst='2001:db8:1::1', hlim=60, tc=8)/t(4242, 80, chksum=0x1790)
//	w6, w4 = e/IPv6(src='2001:db8:3::1', dst='2001:db8:2::2'), e/IP(src='203.0.113.254', dst='203.0.113.2', id=7)
//	v4, v6 = e/IP(src='192.0.2.1', dst='198.51.100.7', id=0, tos=0xc8), e/IPv6(src='2001:db8:1::1', dst='2001:db8:c::7')
func TestCrossAsScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		ether6 = "02000000000202000000000186dd"
		quote6 = "608000000018063c20010db800020000000000000000000220010db800020000000000000000001107d01f90000000070000000050182000"
		quote4 = "4508002c006340003c06c652cb007102cb00710b07d01f90000000070000000050182000"
		sent4  = "4508002c000040003c065288c6336407c000020110920050000000070000000050182000"
		sent6  = "608000000018063c20010db8000c0000000000000000000720010db800010000000000000000000110920050000000070000000050182000"
		data4  = "3416000064617461"
		data6  = "1790000064617461"
		toV6   = "6000000000483a4020010db800010000000000000000000120010db8000c00000000000000000007"
	)
	tests := map[string]struct {
		in       string
		src, dst End
		want     string
	}{
		"too big, to IPv4": { // w6/ICMPv6PacketTooBig(mtu=1400)/l6, v4/ICMP(type=3, code=4, nexthopmtu=1380)/c4
			ether6 + "6000000000483a4020010db800030000000000000000000120010db800020000000000000000000202003" + "5d500000578" + quote6 + data4,
			End{addr("198.51.100.7"), 4242}, End{addr("192.0.2.1"), 80},
			ether4 + "45c800480000000040018db1c0000201c6336407030469bd00000564" + sent4 + data4,
		},
		"too big, to IPv6": { // w4/ICMP(type=3, code=4, nexthopmtu=1400)/l4, v6/ICMPv6PacketTooBig(mtu=1420)/c6
			ether4 + "4500004800070000400101adcb0071fecb00710203046fb100000578" + quote4 + data6,
			End{addr("2001:db8:c::7"), 4242}, End{addr("2001:db8:1::1"), 80},
			ether6 + toV6 + "020068ba0000058c" + sent6 + data6,
		},
		"port unreachable, to IPv6": { // w4/ICMP(type=3, code=3)/l4, v6/ICMPv6DestUnreach(code=4)/c6
			ether4 + "4500004800070000400101adcb0071fecb0071020303752a00000000" + quote4 + data6,
			End{addr("2001:db8:c::7"), 4242}, End{addr("2001:db8:1::1"), 80},
			ether6 + toV6 + "01046f4200000000" + sent6 + data6,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, unhex(t, tt.in))
			q, ok := Related(p, proto)
			if !ok || !ChecksumOK(p) {
				t.Fatalf("Related() = %t, ChecksumOK() = %t", ok, ChecksumOK(p))
			}
			if !Cross(p, &q, tt.src, tt.dst) {
				t.Fatal("Cross() = false")
			}
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}

func TestCrossRefuses(t *testing.T) {
	query4, _ := queries("odd")
	tests := map[string]struct {
		frame    []byte
		headroom int
	}{
		"source quench":        {packettest.ICMPError(router4, header.ICMPSourceQuench, 0, 0, query4), packet.Headroom},
		"about ESP":            {unreachable(packettest.ESP("198.51.100.7", "192.0.2.1", 7, "secret")), packet.Headroom},
		"no room for a header": {unreachable(query4), 39},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			parsed, proto, ok := parse(tt.frame)
			if !ok {
				t.Fatal("not parsed")
			}
			p := *parsed
			p.Reset(append(make([]byte, tt.headroom), tt.frame...), tt.headroom, len(tt.frame))
			p.L3, p.L4 = parsed.L3, parsed.L4
			q, ok := Related(&p, proto)
			if !ok || Cross(&p, &q, End{addr(router6), 1}, End{addr(router6), 2}) || !bytes.Equal(p.Bytes(), tt.frame) {
				t.Errorf("Related() = %t, and Cross leaves %x", ok, p.Bytes())
			}
		})
	}
}

// Errors of either family become whole errors of the other one, about the packet
// that they are told to be about, and fit where errors do.
func FuzzCross(f *testing.F) {
	query4, query6 := queries("odd")
	for _, frame := range [][]byte{
		unreachable(query4), unreachable(query6), unreachable(withOptions(query4)), unreachable(withExtension(query6)),
		withOptions(unreachable(query4)), withExtension(unreachable(query6)), packettest.VLAN(unreachable(query6), 200, 100),
		unreachable(packettest.SCTP(client4, virtual4)),
	} {
		f.Add(frame, uint16(1400))
	}
	f.Fuzz(func(t *testing.T, frame []byte, port uint16) {
		p, proto, ok := parse(frame)
		if !ok {
			t.Skip()
		}
		q, ok := Related(p, proto)
		src, dst := End{addr("2001:db8:c::7"), port}, End{addr("2001:db8:1::1"), port}
		if !isIPv4(frame) {
			src.Addr, dst.Addr = addr("198.51.100.7"), addr("192.0.2.1")
		}
		if !ok || !Cross(p, &q, src, dst) {
			t.Skip()
		}
		again, proto, ok := parse(p.Bytes())
		if !ok || again.Len() != p.Len() || again.L3 != p.L3 || again.L4 != p.L4 || !ChecksumOK(p) || p.Len()-int(p.L3) > maxError6 {
			t.Fatalf("Cross gives %x of %x", p.Bytes(), frame)
		}
		about, ok := Related(again, proto)
		if got := (End{about.Tuple.Dst, about.Tuple.DstPort}); !ok || got != dst || about.Tuple.Src != src.Addr {
			t.Errorf("Related() = %v, %t, want %v to %v", about.Tuple, ok, src, dst)
		}
	})
}
