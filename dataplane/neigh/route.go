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

// A route is what the kernel's route says to the packet path, one next hop
// chosen. It has no pointer and is comparable.
type route struct {
	prefix  lvs.Addr
	gateway lvs.Addr // zero: the destination itself is the neighbour
	source  lvs.Addr // zero: the kernel leaves the choice
	metric  uint32
	mtu     uint32 // zero: the link's
	port    uint16
	fate    uint16 // throwOn, the number of a hop without neighbour, or 0: through port
	table   uint8  // place in the order of lookup
	bits    uint8  // of prefix; those of IPv4 count from 96
}

// throwOn is the fate of what a throw route matches: the next table decides.
const throwOn = ^uint16(0)

// tables is the kernel's order of lookup as long as nobody adds policy rules.
var tables = [...]int{unix.RT_TABLE_LOCAL, unix.RT_TABLE_MAIN, unix.RT_TABLE_DEFAULT}

// routes reads the routes of both families. With netlink.ErrDumpInterrupted
// they are complete but for what changed meanwhile.
func (m *Mirror) routes() ([]route, error) {
	numbers := make(map[int]uint16, len(m.ports))
	for _, p := range m.ports {
		numbers[p.Index] = p.Number
	}
	var rs []route
	var interrupted error
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		err := m.ask.RouteListFilteredIter(family, &netlink.Route{}, netlink.RT_FILTER_TABLE, func(k netlink.Route) bool {
			if r, ok := newRoute(&k, numbers); ok {
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
func newRoute(k *netlink.Route, numbers map[int]uint16) (r route, ok bool) {
	table, ok := tablePlace(k.Table)
	if !ok || k.Tos != 0 || k.Dst == nil {
		return r, false
	}
	ones, _ := k.Dst.Mask.Size()
	r = route{
		prefix: addrOf(k.Dst.IP), bits: uint8(ones), table: table,
		source: addrOf(k.Src), metric: uint32(k.Priority), mtu: uint32(k.MTU),
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
	if r.port, ok = numbers[hop.LinkIndex]; !ok {
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
