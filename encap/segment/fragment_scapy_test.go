package segment

import (
	"encoding/hex"
	"testing"
)

// TestFragmentingAsScapyDoes holds fragments against packets made by scapy
// 2.5.0, with the expression in each row, after
//
//	from scapy.all import *
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	i = lambda **k: IP(src='198.51.100.7', dst='192.0.2.1', id=0x1234, **k)
//	p = e/i()/UDP(sport=4242, dport=80)/'who is there, and if so, how many'
//	u = raw(p[UDP])
//	a, b, n = IPOption(b'\x9e\x04ab'), IPOption(b'\x1e\x03x'), IPOption(b'\x01')
//	o = lambda *options, **k: e/i(proto=17, options=options, **k)
func TestFragmentingAsScapyDoes(t *testing.T) {
	const (
		ether     = "0200000000020200000000010800"
		addresses = "c6336407c0000201"
		first     = "10920050002941d277686f2069732074"
		second    = "686572652c20616e6420696620736f2c"
		third     = "20686f77206d616e79"
	)
	tests := map[string]struct {
		mtu  int
		in   string
		want []string
	}{
		"no options": { // p, *fragment(p, 16)
			20 + 16, ether + "4500003d1234000040117c40" + addresses + first + second + third, []string{
				ether + "450000241234200040115c59" + addresses + first,
				ether + "450000241234200240115c57" + addresses + second,
				ether + "4500001d1234000440117c5c" + addresses + third,
			},
		},
		"options": { // o(a, b, n)/u, o(a, b, n, flags='MF')/u[:16], o(a, n, n, n, n, flags='MF', frag=2)/u[16:32], o(a, n, n, n, n, frag=4)/u[32:]
			28 + 23, ether + "47000045123400004011e4cc" + addresses + "9e0461621e037801" + first + second + third, []string{
				ether + "4700002c123420004011c4e5" + addresses + "9e0461621e037801" + first,
				ether + "4700002c12342002401158e6" + addresses + "9e04616201010101" + second,
				ether + "4700002512340004401178eb" + addresses + "9e04616201010101" + third,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var want [][]byte
			for _, s := range tt.want {
				want = append(want, unhex(t, s))
			}
			wantFrames(t, fragments(t, packet4(t, unhex(t, tt.in)), tt.mtu, 7), want)
			wantFrames(t, fragments(t, unfinished4(t, unhex(t, tt.in)), tt.mtu, 7), want)
		})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
