package neigh

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/lvs"
)

// A way is what the kernel's route says to the packet path, one next hop chosen.
// A hundred thousand routes share a handful of ways.
type way struct {
	gateway lvs.Addr // zero: the destination itself is the neighbour
	source  lvs.Addr // zero: the kernel leaves the choice
	mtu     uint32   // zero: the link's
	fate    uint16   // throwOn, the number of a hop without neighbour, or 0: through exit
	exit
}

// A route is a way and what it is for. It has no pointer and is comparable.
type route struct {
	way
	prefix lvs.Addr
	metric uint32
	table  uint8 // place in the order of lookup
	bits   uint8 // of prefix; those of IPv4 count from 96
}

// throwOn is the fate of what a throw route matches: the next table decides.
const throwOn = ^uint16(0)

// tables is the kernel's order of lookup as long as nobody adds policy rules.
var tables = [...]int{unix.RT_TABLE_LOCAL, unix.RT_TABLE_MAIN, unix.RT_TABLE_DEFAULT}

// routes reads the routes of both families, which lead through ds. With netlink.ErrDumpInterrupted
// they are complete but for what changed meanwhile.
func (m *Mirror) routes(ds []device) ([]route, error) {
	exits := make(map[int]exit, len(ds))
	for _, d := range ds {
		exits[d.index] = d.exit
	}
	var rs []route
	var interrupted error
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		err := m.ask.RouteListFilteredIter(family, &netlink.Route{}, netlink.RT_FILTER_TABLE, func(k netlink.Route) bool {
			if r, ok := newRoute(&k, exits); ok {
				rs = append(rs, r)
			}
			return true
		})
		if errors.Is(err, netlink.ErrDumpInterrupted) {
			interrupted = err
		} else if err != nil {
			return nil, fmt.Errorf("dump routes of address family %d: %w", family, err)
		}
	}
	return rs, interrupted
}

// newRoute converts k. It reports false if k decides nothing for us: another
// table, a type of service, or no next hop alive.
func newRoute(k *netlink.Route, exits map[int]exit) (r route, ok bool) {
	table, ok := tablePlace(k.Table)
	if !ok || k.Tos != 0 || k.Dst == nil {
		return r, false
	}
	ones, _ := k.Dst.Mask.Size()
	r = route{
		way:    way{source: addrOf(k.Src), mtu: uint32(k.MTU)},
		prefix: addrOf(k.Dst.IP), bits: uint8(ones), table: table, metric: uint32(k.Priority),
	}
	if k.Family == unix.AF_INET {
		r.bits += 96
	} else if r.prefix.Is4() && r.bits >= 96 {
		return r, false // a mapped address is IPv4 to us, and never on the wire
	}
	if r.fate = fate(k.Type); r.fate != 0 {
		return r, true
	}
	hop, ok := nexthop(k)
	if !ok {
		return r, false
	}
	if r.exit, ok = exits[hop.LinkIndex]; !ok {
		r.fate = foreign
		return r, true
	}
	r.gateway = gateway(hop)
	return r, true
}

func tablePlace(table int) (uint8, bool) {
	for i, t := range tables {
		if t == table {
			return uint8(i), true
		}
	}
	return 0, false
}

// fate tells what a route of this type does, other than forward.
func fate(typ int) uint16 {
	switch typ {
	case unix.RTN_UNICAST:
		return 0
	case unix.RTN_LOCAL, unix.RTN_ANYCAST:
		return local
	case unix.RTN_THROW:
		return throwOn
	}
	return unroutable
}

// nexthop returns the first next hop of k whose link works, else the first that
// is not dead.
func nexthop(k *netlink.Route) (*netlink.NexthopInfo, bool) {
	hops := k.MultiPath
	if len(hops) == 0 {
		hops = []*netlink.NexthopInfo{{LinkIndex: k.LinkIndex, Gw: k.Gw, Via: k.Via, Flags: k.Flags}}
	}
	var best *netlink.NexthopInfo
	for _, h := range hops {
		if h.Flags&unix.RTNH_F_DEAD != 0 {
			continue
		}
		if h.Flags&unix.RTNH_F_LINKDOWN == 0 {
			return h, true
		}
		if best == nil {
			best = h
		}
	}
	return best, best != nil
}

// gateway returns whom to resolve: the gateway, which may be of the other
// family (RFC 8950), or zero.
func gateway(h *netlink.NexthopInfo) lvs.Addr {
	if via, ok := h.Via.(*netlink.Via); ok && via != nil {
		return addrOf(via.Addr)
	}
	return addrOf(h.Gw)
}

// addrOf converts what netlink found in an attribute; without one, zero.
func addrOf(ip net.IP) lvs.Addr {
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return lvs.Addr{}
	}
	return lvs.AddrFrom(a)
}
