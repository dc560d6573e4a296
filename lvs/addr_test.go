package lvs

import (
	"net/netip"
	"testing"
	"testing/quick"
)

func TestAddrFrom(t *testing.T) {
	tests := map[string]struct {
		in   string
		want Addr
		is4  bool
		text string
	}{
		"IPv4":             {"192.0.2.1", Addr{0, 0xffff_c0000201}, true, "192.0.2.1"},
		"IPv4 mapped":      {"::ffff:192.0.2.1", Addr{0, 0xffff_c0000201}, true, "192.0.2.1"},
		"IPv4 of zeros":    {"0.0.0.0", Addr{0, 0xffff_00000000}, true, "0.0.0.0"},
		"IPv6":             {"2001:db8::7", Addr{0x20010db8_00000000, 7}, false, "2001:db8::7"},
		"IPv6 with a zone": {"fe80::1%eth0", Addr{0xfe80 << 48, 1}, false, "fe80::1"},
		"IPv6 of zeros":    {"::", Addr{}, false, "::"},
		"IPv4 compatible":  {"::192.0.2.1", Addr{0, 0xc0000201}, false, "::c000:201"},
		"almost mapped":    {"::fffe:c000:201", Addr{0, 0xfffe_c0000201}, false, "::fffe:c000:201"},
		"mapped elsewhere": {"2001:db8::ffff:c000:201", Addr{0x20010db8 << 32, 0xffff_c0000201}, false, "2001:db8::ffff:c000:201"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := AddrFrom(netip.MustParseAddr(tt.in))
			if a != tt.want {
				t.Fatalf("AddrFrom(%s) = %#x, want %#x", tt.in, a, tt.want)
			}
			if a.Is4() != tt.is4 || a.IsZero() != (tt.want == Addr{}) {
				t.Errorf("Is4() = %t, IsZero() = %t", a.Is4(), a.IsZero())
			}
			if a.String() != tt.text {
				t.Errorf("String() = %s, want %s", a, tt.text)
			}
		})
	}
}

func TestAddr4IsTheMappedAddr16(t *testing.T) {
	same := func(n uint32) bool {
		a := Addr4(n)
		b := a.As16()
		return a.Is4() && a.V4() == n && Addr16(b[:]) == a && AddrFrom(a.Netip()) == a && a.Netip().Is4()
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestAddr16RoundTrips(t *testing.T) {
	same := func(b [16]byte) bool {
		a := Addr16(b[:])
		return a.As16() == b && AddrFrom(a.Netip()) == a && a.Netip() == netip.AddrFrom16(b).Unmap()
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestAddrDoesNotAllocate(t *testing.T) {
	b, a := make([]byte, 16), netip.MustParseAddr("2001:db8::7")
	var x Addr
	n := testing.AllocsPerRun(100, func() {
		x = Addr16(b)
		x = AddrFrom(a)
		x = AddrFrom(x.Netip())
	})
	if n != 0 || x.IsZero() {
		t.Errorf("converting allocates %v times, want 0", n)
	}
}
