package neigh

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// drawDenseRoutes draws many routes of one family, most of them in a few blocks
// of 16 bits, so that fans come about at several levels.
func drawDenseRoutes(t *rapid.T, v4 bool) (rs []route) {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	spread := rapid.IntRange(1, 24).Draw(t, "spread")
	for range rapid.IntRange(100, 600).Draw(t, "routes") {
		length := uint8(16 + r.IntN(spread))
		a := lvs.Addr{Hi: 0x2001<<48 | r.Uint64()>>16}
		if v4 {
			a, length = lvs.Addr4(198<<24|18<<16^r.Uint32()>>15), 96+min(length, 32)
		}
		rs = append(rs, route{way: way{mtu: r.Uint32N(100)}, prefix: mask(a, length), bits: length, table: 1, metric: r.Uint32N(2)})
	}
	return rs
}

// beside returns an address in r's prefix, or next to it.
func beside(r *route, v4 bool) lvs.Addr {
	a := r.prefix
	a.Lo ^= rand.Uint64() >> (32 + rand.IntN(32))
	if !v4 {
		a.Hi ^= rand.Uint64() >> (16 + rand.IntN(48))
	}
	return a
}

func TestDenseRouteAgreesWithScan(t *testing.T) {
	fans := 0
	rapid.Check(t, func(t *rapid.T) {
		v4 := rapid.Bool().Draw(t, "v4")
		rs := drawDenseRoutes(t, v4)
		v := freeze(facts{routes: rs}, 1)
		for i := range rs {
			dst := beside(&rs[i], v4)
			if got, want := *v.route(dst), scan(rs, dst); got != want {
				t.Fatalf("route(%v) = %+v, want %+v", dst, got, want)
			}
		}
		fans += len(v.tries[1][0].slots) + len(v.tries[1][1].slots)
	})
	if fans == 0 {
		t.Error("there was no fan at all")
	}
}

// TestFanEdges has prefixes that end before, at and behind a fan's boundary.
func TestFanEdges(t *testing.T) {
	var rs []route
	add := func(s string, mtu uint32) {
		r := prefix(s)
		r.mtu = mtu
		rs = append(rs, r)
	}
	for i := range 200 {
		add(fmt.Sprintf("198.18.%d.0/24", i), uint32(i))
	}
	add("198.18.0.0/15", 1000)
	add("198.18.0.0/22", 1001)
	add("198.18.3.0/25", 1002)
	add("198.18.3.128/32", 1003)
	add("198.18.240.0/20", 1004)
	v := freeze(facts{routes: rs}, 1)
	if len(v.tries[0][0].slots) == 0 {
		t.Fatal("no fan")
	}
	tests := map[string]uint32{
		"198.18.0.255": 0, "198.18.2.0": 2, "198.18.3.127": 1002, "198.18.3.128": 1003, "198.18.3.129": 3,
		"198.18.199.1": 199, "198.18.200.1": 1000, "198.18.239.255": 1000, "198.18.240.0": 1004, "198.19.0.0": 1000,
	}
	for dst, want := range tests {
		if got := v.route(addr(dst)); got.fate != 0 || got.mtu != want {
			t.Errorf("route(%s) = %+v, want way %d", dst, *got, want)
		}
	}
	for _, dst := range []string{"198.17.255.255", "198.20.0.0"} {
		if got := v.route(addr(dst)); got.fate != unroutable {
			t.Errorf("route(%s) = %+v, want none", dst, *got)
		}
	}
}

func TestField(t *testing.T) {
	a := lvs.Addr{Hi: 0x0123456789abcdef, Lo: 0xfedcba9876543210}
	for from := uint8(0); from < 128; from++ {
		for n := uint8(1); n <= maxFan && from+n <= 128; n++ {
			var want uint64
			for i := range n {
				want = want<<1 | bit(a, from+i)
			}
			if got := field(a, from, n); got != want {
				t.Errorf("field(a, %d, %d) = %#x, want %#x", from, n, got, want)
			}
		}
	}
}

// manyRoutes returns n routes as a network announces them that has everything:
// blocks of adjacent prefixes, and others by themselves.
func manyRoutes(n int) (rs []route) {
	r := rand.New(rand.NewPCG(1, 2))
	for len(rs) < n {
		block := r.Uint32()
		for range r.IntN(64) {
			length := uint8(16 + r.IntN(9))
			rs = append(rs, route{prefix: mask(lvs.Addr4(block), 96+length), bits: 96 + length, way: way{fate: foreign}})
			block += 1 << (32 - length)
		}
	}
	return rs[:n]
}

func BenchmarkFreeze(b *testing.B) {
	f := facts{routes: manyRoutes(100_000)}
	b.ReportAllocs()
	for b.Loop() {
		freeze(f, 1)
	}
}

// BenchmarkRouteAmongScattered looks up at random where blocks are sparse.
func BenchmarkRouteAmongScattered(b *testing.B) {
	f := facts{routes: manyRoutes(100_000)}
	v := freeze(f, 1)
	dsts := make([]lvs.Addr, 1<<16)
	for i := range dsts {
		dsts[i] = f.routes[rand.IntN(len(f.routes))].prefix
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v.route(dsts[i%len(dsts)])
	}
}
