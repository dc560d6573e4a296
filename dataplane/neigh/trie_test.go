package neigh

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// addr returns the address that s spells.
func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

// prefix returns the route of a prefix, with nothing else set.
func prefix(s string) route {
	p := netip.MustParsePrefix(s)
	r := route{prefix: lvs.AddrFrom(p.Addr()), bits: uint8(p.Bits())}
	if p.Addr().Is4() {
		r.bits += 96
	}
	return r
}

// drawRoute draws from few prefixes that nest often.
func drawRoute(t *rapid.T) route {
	v4 := rapid.Bool().Draw(t, "v4")
	length := uint8(rapid.IntRange(0, 128).Draw(t, "bits"))
	if v4 {
		length = 96 + length%33
	}
	return route{
		prefix: mask(drawAddr(t, v4), length), bits: length,
		metric: uint32(rapid.IntRange(0, 2).Draw(t, "metric")),
		table:  uint8(rapid.IntRange(0, len(tables)-1).Draw(t, "table")),
		way: way{
			fate: rapid.SampledFrom([]uint16{0, local, unroutable, throwOn}).Draw(t, "fate"),
			mtu:  uint32(rapid.IntRange(0, 9).Draw(t, "mtu")), // tells ways apart
		},
	}
}

// drawAddr draws addresses that share long prefixes.
func drawAddr(t *rapid.T, v4 bool) lvs.Addr {
	near := uint64(1) << rapid.IntRange(0, 63).Draw(t, "near")
	if v4 {
		return lvs.Addr4(0xc0000200 ^ uint32(near))
	}
	a := lvs.Addr{Hi: 0x20010db8 << 32, Lo: 1}
	if rapid.Bool().Draw(t, "high") {
		a.Hi ^= near
	} else {
		a.Lo ^= near
	}
	return a
}

// scan is what view.route promises, in the plainest way.
func scan(rs []route, dst lvs.Addr) way {
	for table := range tables {
		var best *route
		for i := range rs {
			r := &rs[i]
			if int(r.table) != table || family(r.prefix, r.bits) != family(dst, 128) || mask(dst, r.bits) != r.prefix {
				continue
			}
			if best == nil || r.bits > best.bits || r.bits == best.bits && r.metric < best.metric {
				best = r
			}
		}
		if best != nil && best.fate != throwOn {
			return best.way
		}
	}
	return noMatch
}

func routeAgreesWithScan(t *rapid.T) {
	rs := rapid.SliceOfN(rapid.Custom(drawRoute), 0, 40).Draw(t, "routes")
	v := freeze(facts{routes: rs}, 1)
	for range 20 {
		dst := drawAddr(t, rapid.Bool().Draw(t, "dst v4"))
		if got, want := *v.route(dst), scan(rs, dst); got != want {
			t.Fatalf("route(%v) = %+v, want %+v", dst, got, want)
		}
	}
}

func TestRouteAgreesWithScan(t *testing.T) { rapid.Check(t, routeAgreesWithScan) }

func FuzzRouteAgreesWithScan(f *testing.F) { f.Fuzz(rapid.MakeFuzz(routeAgreesWithScan)) }

func TestTrieOfNothing(t *testing.T) {
	var empty trie
	if got := empty.lookup(addr("192.0.2.1")); got != noRoute {
		t.Errorf("lookup in the zero trie = %d, want %d", got, noRoute)
	}
}

func TestMask(t *testing.T) {
	all := lvs.Addr{Hi: ^uint64(0), Lo: ^uint64(0)}
	tests := map[uint8]lvs.Addr{
		0:   {},
		1:   {Hi: 1 << 63},
		64:  {Hi: ^uint64(0)},
		65:  {Hi: ^uint64(0), Lo: 1 << 63},
		127: {Hi: ^uint64(0), Lo: ^uint64(0) - 1},
		128: all,
	}
	for n, want := range tests {
		if got := mask(all, n); got != want {
			t.Errorf("mask(all ones, %d) = %x, want %x", n, got, want)
		}
	}
}
