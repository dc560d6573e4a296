package mark

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"xlvs/lvs"
)

func tuple(proto lvs.Protocol, src, dst string) *lvs.Tuple {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return &lvs.Tuple{
		Src: lvs.AddrFrom(s.Addr()), Dst: lvs.AddrFrom(d.Addr()), SrcPort: s.Port(), DstPort: d.Port(), Proto: proto,
	}
}

func TestFirstMatchWins(t *testing.T) {
	rules := New([]Rule{
		{Mark: 1, Destination: netip.MustParsePrefix("192.0.2.1/32"), Proto: lvs.TCP, Ports: []Range{{80, 80}, {443, 443}}, Port: AnyPort},
		{Mark: 2, Destination: netip.MustParsePrefix("192.0.2.0/24"), Source: netip.MustParsePrefix("198.51.100.0/25"), Port: AnyPort},
		{Mark: 3, Destination: netip.MustParsePrefix("192.0.2.0/24"), SourcePorts: []Range{{1024, 2047}}, Port: 1},
		{Mark: 4, Destination: netip.MustParsePrefix("2001:db8::/32"), Proto: lvs.UDP, Port: AnyPort},
		{Mark: 5, Destination: netip.MustParsePrefix("2001:db8:0:1:8000::/65"), Port: AnyPort},
	})
	tests := map[string]struct {
		tuple *lvs.Tuple
		port  uint16
		want  uint32
	}{
		"the first port":            {tuple(lvs.TCP, "198.51.100.7:4242", "192.0.2.1:80"), 0, 1},
		"the second port":           {tuple(lvs.TCP, "198.51.100.7:4242", "192.0.2.1:443"), 0, 1},
		"a port in between":         {tuple(lvs.TCP, "198.51.100.7:4242", "192.0.2.1:81"), 0, 2},
		"another protocol":          {tuple(lvs.UDP, "198.51.100.7:4242", "192.0.2.1:80"), 0, 2},
		"the source's last address": {tuple(lvs.UDP, "198.51.100.127:4242", "192.0.2.9:80"), 0, 2},
		"past the source":           {tuple(lvs.UDP, "198.51.100.128:4242", "192.0.2.9:80"), 1, 0},
		"by source port":            {tuple(lvs.UDP, "198.51.100.128:1024", "192.0.2.9:80"), 1, 3},
		"by the last source port":   {tuple(lvs.UDP, "198.51.100.128:2047", "192.0.2.9:80"), 1, 3},
		"by another interface":      {tuple(lvs.UDP, "198.51.100.128:2047", "192.0.2.9:80"), 0, 0},
		"IPv6":                      {tuple(lvs.UDP, "[2001:db8::7]:1", "[2001:db8::1]:53"), 0, 4},
		"IPv6 past 64 bits":         {tuple(lvs.TCP, "[2001:db8::7]:1", "[2001:db8:0:1:8000::1]:53"), 0, 5},
		"IPv6 before it":            {tuple(lvs.TCP, "[2001:db8::7]:1", "[2001:db8:0:1:7fff::1]:53"), 0, 0},
		"none of these":             {tuple(lvs.TCP, "198.51.100.7:4242", "203.0.113.1:80"), 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := rules.Mark(tt.tuple, tt.port); got != tt.want {
				t.Errorf("Mark(%v, %d) = %d, want %d", tt.tuple, tt.port, got, tt.want)
			}
		})
	}
}

func TestWithoutRules(t *testing.T) {
	tu := tuple(lvs.TCP, "198.51.100.7:4242", "192.0.2.1:80")
	for _, rules := range []*Rules{{}, New(nil)} {
		if !rules.Empty() || rules.Mark(tu, 0) != 0 || rules.Covers(tu.Dst) {
			t.Error("a list without rules marks packets")
		}
	}
}

func TestEveryAddressOfAFamily(t *testing.T) {
	for _, prefix := range []string{"0.0.0.0/0", "::/0"} {
		p := netip.MustParsePrefix(prefix)
		rules := New([]Rule{{Mark: 1, Destination: p, Port: AnyPort}})
		for _, a := range []string{"192.0.2.1", "2001:db8::1"} {
			a := netip.MustParseAddr(a)
			if got, want := rules.Covers(lvs.AddrFrom(a)), p.Contains(a); got != want {
				t.Errorf("%v in %v: %t, want %t", a, p, got, want)
			}
		}
	}
}

// TestPrefixesAgreeWithNetip has netip as the slow oracle.
func TestPrefixesAgreeWithNetip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(v6 bool) netip.Addr {
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32() & 1 * 0xff) // far apart, and near
		}
		if !v6 {
			return netip.AddrFrom4([4]byte(b[:4]))
		}
		b[0] = 0x20
		return netip.AddrFrom16(b)
	}
	for range 20_000 {
		v6 := r.IntN(2) == 0
		p := netip.PrefixFrom(random(v6), r.IntN(random(v6).BitLen()+1))
		a := random(v6)
		rules := New([]Rule{{Mark: 1, Destination: p, Port: AnyPort}})
		if got, want := rules.Covers(lvs.AddrFrom(a)), p.Contains(a); got != want {
			t.Fatalf("%v in %v: %t, want %t", a, p, got, want)
		}
	}
}

func TestMarkDoesNotAllocate(t *testing.T) {
	rules := New([]Rule{{Mark: 1, Destination: netip.MustParsePrefix("192.0.2.1/32"), Ports: []Range{{80, 80}}, Port: AnyPort}})
	tu := tuple(lvs.TCP, "198.51.100.7:4242", "192.0.2.1:80")
	if n := testing.AllocsPerRun(100, func() {
		if rules.Mark(tu, 0) != 1 {
			t.Fatal("not marked")
		}
	}); n != 0 {
		t.Errorf("Mark allocates %v times, want 0", n)
	}
}

func BenchmarkMark(b *testing.B) {
	var list []Rule
	for i := range uint32(10) {
		list = append(list, Rule{Mark: i + 1, Destination: netip.PrefixFrom(lvs.Addr4(0xc0000200+i).Netip(), 32), Proto: lvs.TCP, Port: AnyPort})
	}
	rules, tu := New(list), tuple(lvs.TCP, "198.51.100.7:4242", "192.0.2.9:80")
	for b.Loop() {
		rules.Mark(tu, 0)
	}
}
