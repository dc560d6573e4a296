package steer

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"xlvs/lvs"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func TestAddNetwork(t *testing.T) {
	taken := Rule{Flags: Service | ServiceAddr}
	tests := map[string]struct {
		proto  lvs.Protocol
		prefix netip.Prefix
		want   Rules
	}{
		"ipv4":         {lvs.UDP, prefix("192.0.2.0/24"), Rules{{addr("192.0.2.0"), 0, lvs.UDP, 8}: taken}},
		"not masked":   {lvs.UDP, prefix("192.0.2.77/24"), Rules{{addr("192.0.2.0"), 0, lvs.UDP, 8}: taken}},
		"ipv6":         {lvs.TCP, prefix("2001:db8::/32"), Rules{{addr("2001:db8::"), 0, lvs.TCP, 96}: taken}},
		"all of ipv4":  {lvs.TCP, prefix("0.0.0.0/0"), Rules{{addr("0.0.0.0"), 0, lvs.TCP, 32}: taken}},
		"all of ipv6":  {lvs.TCP, prefix("::/0"), Rules{{addr("::"), 0, lvs.TCP, 128}: taken}},
		"IPv4-mapped":  {lvs.TCP, prefix("::ffff:192.0.2.0/120"), Rules{{addr("192.0.2.0"), 0, lvs.TCP, 8}: taken}},
		"invalid":      {lvs.TCP, netip.Prefix{}, Rules{}},
		"any protocol": {lvs.IP, prefix("192.0.2.0/31"), Rules{{addr("192.0.2.0"), 0, lvs.TCP, 1}: taken, {addr("192.0.2.0"), 0, lvs.UDP, 1}: taken, {addr("192.0.2.0"), 0, lvs.SCTP, 1}: taken}},
		"one address":  {lvs.UDP, prefix("192.0.2.1/32"), Rules{{addr("192.0.2.1"), 0, lvs.UDP, 0}: taken, {Addr: addr("192.0.2.1")}: {Flags: ServiceAddr}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := Rules{}
			r.AddNetwork(tt.proto, tt.prefix)
			if !maps.Equal(r, tt.want) {
				t.Errorf("AddNetwork(%v, %v) adds %v, want %v", tt.proto, tt.prefix, r, tt.want)
			}
		})
	}
}

func TestNetworkKey(t *testing.T) {
	tests := map[string]struct {
		in   Endpoint
		bits byte
		want string
		log  string
	}{
		"ipv4":        {Endpoint{addr("192.0.2.0"), 0, lvs.TCP, 8}, 152, "00000406" + "00000000000000000000ffffc0000200", "TCP 192.0.2.0/24"},
		"ipv6":        {Endpoint{addr("2001:db8::"), 0, lvs.ESP, 96}, 64, "00000632" + "20010db8000000000000000000000000", "ESP 2001:db8::/32"},
		"all of ipv4": {Endpoint{addr("0.0.0.0"), 0, lvs.UDP, 32}, 128, "00000411" + "00000000000000000000ffff00000000", "UDP 0.0.0.0/0"},
		"all of ipv6": {Endpoint{addr("::"), 0, lvs.UDP, 128}, 32, "00000611" + "00000000000000000000000000000000", "UDP ::/0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.in.networkKey()
			if string(got[4:]) != string(unhex(t, tt.want)) || got[0]|got[3] != tt.bits || got[1]|got[2] != 0 {
				t.Errorf("networkKey() = %x, want %d bits of %s", got, tt.bits, tt.want)
			}
			if got := tt.in.String(); got != tt.log {
				t.Errorf("String() = %q, want %q", got, tt.log)
			}
		})
	}
}

// TestNetworksOfEveryLength has one network at a time, and addresses that differ
// from its own in one bit.
func TestNetworksOfEveryLength(t *testing.T) {
	c := newClassifier(t)
	p := newShells(t, c)["xdp"]
	for _, base := range []string{"203.0.113.170", "2001:db8:5555:aaaa:5555:aaaa:5555:aaaa"} {
		a := netip.MustParseAddr(base)
		for bits := range a.BitLen() + 1 {
			r := Rules{}
			r.AddNetwork(lvs.TCP, netip.PrefixFrom(a, bits))
			must(t, c.replace(r))
			for _, flipped := range []int{0, max(bits-1, 0), min(bits, a.BitLen()-1), a.BitLen() - 1} {
				f := frame(tcp(netip.AddrPortFrom(a, 9).String(), netip.AddrPortFrom(flip(a, flipped), 9).String()))
				// A network of one address takes what comes from there, too.
				want := flipped >= bits || bits == a.BitLen()
				if got := r.Take(f); got != want {
					t.Errorf("%v/%d, bit %d another: Take() = %t, want %t", a, bits, flipped, got, want)
				}
				if got := p.takes(t, f); got != want {
					t.Errorf("%v/%d, bit %d another: program takes %t, want %t", a, bits, flipped, got, want)
				}
			}
		}
	}
}

// flip returns a with one bit changed, counted from the first.
func flip(a netip.Addr, bit int) netip.Addr {
	b := a.AsSlice()
	b[bit/8] ^= 0x80 >> (bit % 8)
	out, _ := netip.AddrFromSlice(b)
	return out
}

// TestWholeFamilies: all of IPv6 does not contain an IPv4 address, nor the other
// way around, though both share their maps.
func TestWholeFamilies(t *testing.T) {
	four, six := frame(udp(client4+":9", "192.0.2.77:9")), frame(udp("[2001:db8:7::7]:9", "[2001:db8::77]:9"))
	low := frame(udp("[2001:db8:7::7]:9", "[::77]:9"))
	c := newClassifier(t)
	shells := newShells(t, c)
	for name, tt := range map[string]struct {
		prefix         string
		four, six, low bool
	}{
		"all of ipv4":  {"0.0.0.0/0", true, false, false},
		"all of ipv6":  {"::/0", false, true, true},
		"low of ipv6":  {"::/80", false, false, true},
		"up to mapped": {"::ffff:0:0/95", false, false, false},
		"mapped":       {"::ffff:0:0/96", true, false, false},
	} {
		r := Rules{}
		r.AddNetwork(lvs.UDP, prefix(tt.prefix))
		must(t, c.replace(r))
		for what, f := range map[string]seed{"ipv4": {four, tt.four}, "ipv6": {six, tt.six}, "ipv6 from 0": {low, tt.low}} {
			if got := r.Take(f.frame); got != f.take {
				t.Errorf("%s: Take of %s = %t, want %t", name, what, got, f.take)
			}
			for shell, p := range shells {
				if got := p.takes(t, f.frame); got != f.take {
					t.Errorf("%s: %s takes %s %t, want %t", name, shell, what, got, f.take)
				}
			}
		}
	}
}

// TestUpdateTurnsNetworksOnAndOff: the first network and the last one are not
// forgotten, and what stays is taken throughout.
func TestUpdateTurnsNetworksOnAndOff(t *testing.T) {
	c := newClassifier(t)
	p := newShells(t, c)["xdp"]
	to := func(vip string) []byte { return frame(tcp(client4+":4242", vip+":22")) }
	none, one, other, two := Rules{}, Rules{}, Rules{}, Rules{}
	one.AddNetwork(lvs.TCP, prefix("192.0.2.0/30"))
	other.AddNetwork(lvs.TCP, prefix("192.0.2.4/30"))
	two.AddNetwork(lvs.TCP, prefix("192.0.2.0/30"))
	two.AddNetwork(lvs.TCP, prefix("192.0.2.4/30"))
	for i, r := range []Rules{none, one, two, other, none, two, none} {
		must(t, c.replace(r))
		holds(t, c, r)
		for _, vip := range []string{"192.0.2.1", "192.0.2.5"} {
			if got, want := p.takes(t, to(vip)), r.Take(to(vip)); got != want {
				t.Errorf("update %d: to %s is taken: %t, want %t", i, vip, got, want)
			}
		}
		var n uint32
		must(t, c.tables.count.Lookup(uint32(0), &n))
		if want := networkCount(slices.Collect(maps.Keys(r))); n != want {
			t.Errorf("update %d: %d networks are counted, want %d", i, n, want)
		}
	}
}
