package dataplane

import (
	"math"
	"sync/atomic"
	"time"

	"xlvs/conntrack"
	"xlvs/lvs"
)

// pathMTULife is how long a path MTU is believed (the kernel's mtu_expires).
const pathMTULife = conntrack.Time(10 * time.Minute / conntrack.Tick)

// A pathMTU is how long packets may be on the way to a real server, as a router
// there has said. The zero value has not been told.
type pathMTU struct {
	learned atomic.Uint64 // until when 32 | MTU 32
}

// learn notes what a router has said. An MTU that is larger than the one in force
// changes nothing: it comes back by itself.
func (m *pathMTU) learn(mtu int, now conntrack.Time) {
	if mtu <= m.mtu(now) {
		m.learned.Store(uint64(now+pathMTULife)<<32 | uint64(uint32(mtu)))
	}
}

// mtu returns the path MTU, or a number above all MTUs if it is not known.
func (m *pathMTU) mtu(now conntrack.Time) int {
	l := m.learned.Load()
	if conntrack.Time(l>>32) <= now {
		return math.MaxInt32
	}
	return int(uint32(l))
}

// leastMTU returns the least path MTU towards a that is believed: what Linux takes
// for IPv4 (min_pmtu), and what every link of IPv6 has.
func leastMTU(a lvs.Addr) int {
	if a.Is4() {
		return 552
	}
	return 1280
}

// flowHash spreads flows over the source ports of a tunnel.
func flowHash(tu *lvs.Tuple) uint32 {
	const golden = 0x9e3779b97f4a7c15
	x := (tu.Src.Lo ^ tu.Src.Hi<<1 ^ uint64(tu.SrcPort)<<48) * golden
	x = (x ^ x>>32 ^ tu.Dst.Lo ^ tu.Dst.Hi<<1 ^ uint64(tu.DstPort)<<40) * golden
	return uint32(x >> 32)
}
