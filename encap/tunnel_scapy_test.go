package encap

import (
	"testing"

	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestScapyTunnel holds tunnels against packets made by scapy 2.5.0, which
// computes all checksums. Each row is e/inner(64) and e/outer/.../inner(63), with
//
//	from scapy.all import *
//	C4, V4, D4, R4 = '198.51.100.7', '192.0.2.1', '203.0.113.1', '203.0.113.9'
//	C6, V6, D6, R6 = '2001:db8::7', '2001:db8:1::1', '2001:db8:2::1', '2001:db8:2::9'
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	q4 = lambda ttl: IP(src=C4, dst=V4, id=0, flags='DF', ttl=ttl)/UDP(sport=4242, dport=53)/'who is there'
//	q6 = lambda ttl: IPv6(src=C6, dst=V6, hlim=ttl)/UDP(sport=4242, dport=53)/'who is there'
//	o4 = lambda id=0, flags='DF': IP(src=D4, dst=R4, ttl=63, id=id, flags=flags)
//	o6 = IPv6(src=D6, dst=R6, hlim=63)
//	udp = lambda **k: UDP(sport=40000, dport=6080, **k)
//	gue = lambda proto: Raw(bytes([0, proto, 0, 0]))
//	rem = lambda proto, at: Raw(bytes([2, proto, 0, 1, 128, 0, 0, 0])+struct.pack('!HH', at, at+6))
//
// and u4 and u6 for q4 and q6 with an unfinished checksum, made with
//
//	p[UDP].chksum = ~checksum(in4_pseudoheader(17, p[IP], 20)) & 0xffff
//	p[UDP].chksum = ~checksum(raw(PseudoIPv6(src=C6, dst=V6, uplen=20, nh=17))) & 0xffff
func TestScapyTunnel(t *testing.T) {
	gue := TunnelOptions{Type: lvs.TunnelGUE, Port: 6080, Sources: [2]uint16{40000, 40000}}
	gueCsum, gueRemCsum := gue, gue
	gueCsum.Flags, gueRemCsum.Flags = lvs.TunnelCsum, lvs.TunnelRemCsum
	gre := TunnelOptions{Type: lvs.TunnelGRE}
	greCsum := TunnelOptions{Type: lvs.TunnelGRE, Flags: lvs.TunnelCsum}
	const (
		stations = "020000000002020000000001"
		ip4      = stations + "0800"
		ip6      = stations + "86dd"
		d4r4     = "cb007101" + "cb007109"
		d6r6     = "20010db8000200000000000000000001" + "20010db8000200000000000000000009"
		c4v4     = "c6336407" + "c0000201" + "109200350014"
		c6v6     = "20010db8000000000000000000000007" + "20010db8000100000000000000000001" + "109200350014"
		who      = "77686f206973207468657265"
		in4      = ip4 + "450000280000400040114e89" + c4v4
		in6      = ip6 + "6000000000141140" + c6v6
		q4       = "45000028000040003f114f89" + c4v4 + "b787" + who
		q6       = "600000000014113f" + c6v6 + "4849" + who
		u4       = "45000028000040003f114f89" + c4v4 + "ec61" + who
		u6       = "600000000014113f" + c6v6 + "5ba0" + who
	)
	tests := map[string]struct {
		opts     TunnelOptions
		in, want string
	}{
		"ipip, 4 in 4": { // o4()/q4(63)
			TunnelOptions{}, in4 + "b787" + who,
			ip4 + "4500003c000040003f04c3b2" + d4r4 + q4,
		},
		"ipip, 6 in 4": { // o4(7, 0)/q6(63)
			TunnelOptions{}, in6 + "4849" + who,
			ip4 + "45000050000700003f290373" + d4r4 + q6,
		},
		"ipip, 4 in 6": { // o6/q4(63)
			TunnelOptions{}, in4 + "b787" + who,
			ip6 + "600000000028043f" + d6r6 + q4,
		},
		"ipip, 6 in 6": { // o6/q6(63)
			TunnelOptions{}, in6 + "4849" + who,
			ip6 + "60000000003c293f" + d6r6 + q6,
		},
		"ipip, unfinished": { // o4()/q4(63)
			TunnelOptions{}, in4 + "ec61" + who,
			ip4 + "4500003c000040003f04c3b2" + d4r4 + q4,
		},
		"gre, 4 in 4": { // o4()/GRE()/q4(63)
			gre, in4 + "b787" + who,
			ip4 + "45000040000040003f2fc383" + d4r4 + "00000800" + q4,
		},
		"gre, 6 in 4": { // o4(7, 0)/GRE()/q6(63)
			gre, in6 + "4849" + who,
			ip4 + "45000054000700003f2f0369" + d4r4 + "000086dd" + q6,
		},
		"gre with checksum, 4 in 4": { // o4()/GRE(chksum_present=1)/q4(63)
			greCsum, in4 + "b787" + who,
			ip4 + "45000044000040003f2fc37f" + d4r4 + "8000080064610000" + q4,
		},
		"gre with checksum, 6 in 6": { // o6/GRE(chksum_present=1)/q6(63)
			greCsum, in6 + "4849" + who,
			ip6 + "6000000000442f3f" + d6r6 + "800086dd87f30000" + q6,
		},
		"gue, 4 in 4": { // o4()/udp(chksum=0)/gue(4)/q4(63)
			gue, in4 + "b787" + who,
			ip4 + "45000048000040003f11c399" + d4r4 + "9c4017c000340000" + "00040000" + q4,
		},
		"gue with checksum, 4 in 4": { // o4()/udp()/gue(4)/q4(63)
			gueCsum, in4 + "b787" + who,
			ip4 + "45000048000040003f11c399" + d4r4 + "9c4017c00034bfd7" + "00040000" + q4,
		},
		"gue with checksum, 4 in 6": { // o6/udp()/gue(4)/q4(63)
			gueCsum, in4 + "b787" + who,
			ip6 + "600000000034113f" + d6r6 + "9c4017c00034dc63" + "00040000" + q4,
		},
		"gue with checksum, 6 in 4": { // o4(7, 0)/udp()/gue(41)/q6(63)
			gueCsum, in6 + "4849" + who,
			ip4 + "4500005c000700003f11037f" + d4r4 + "9c4017c0004861fa" + "00290000" + q6,
		},
		"gue with remcsum, nothing to finish": { // o4()/udp()/gue(4)/q4(63)
			gueRemCsum, in4 + "b787" + who,
			ip4 + "45000048000040003f11c399" + d4r4 + "9c4017c00034bfd7" + "00040000" + q4,
		},
		"gue with remcsum, 4 in 4": { // o4()/udp()/rem(4, 20)/u4(63)
			gueRemCsum, in4 + "ec61" + who,
			ip4 + "45000050000040003f11c391" + d4r4 + "9c4017c0003c08be" + "0204000180000000" + "0014001a" + u4,
		},
		"gue with remcsum, 6 in 6": { // o6/udp()/rem(41, 40)/u6(63)
			gueRemCsum, in6 + "5ba0" + who,
			ip6 + "600000000050113f" + d6r6 + "9c4017c00050e8c7" + "0229000180000000" + "0028002e" + u6,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in, want := unhex(t, tt.in), unhex(t, tt.want)
			p, _ := mustParse(t, in)
			if string(in) == string(packettest.Unfinished(in)) {
				p.Sum = packettest.Partial(in)
			}
			over6 := want[12] == 0x86
			tunnel, src := NewTunnel(realServer(over6), tt.opts), director(over6)
			tunnel.id.Store(6)
			mustPush(t, tunnel, p, src)
			wantFrame(t, p, want)
		})
	}
}
