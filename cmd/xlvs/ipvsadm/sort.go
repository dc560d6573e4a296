package ipvsadm

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"xlvs/dataplane"
)

// sortedServices returns services in ipvsadm's order: by firewall mark, address
// family, protocol, address and port.
func sortedServices(services []dataplane.ServiceStatus) []*dataplane.ServiceStatus {
	list := pointers(services)
	slices.SortStableFunc(list, func(a, b *dataplane.ServiceStatus) int {
		return cmp.Or(
			difference(a.Mark, b.Mark),
			cmp.Compare(a.VIP.BitLen(), b.VIP.BitLen()),
			cmp.Compare(a.Protocol, b.Protocol),
			compareAddresses(a.VIP, b.VIP),
			cmp.Compare(a.Port, b.Port),
		)
	})
	return list
}

// sortedDestinations returns destinations in ipvsadm's order: by address family,
// address and port.
func sortedDestinations(destinations []dataplane.DestinationStatus) []*dataplane.DestinationStatus {
	list := pointers(destinations)
	slices.SortStableFunc(list, func(a, b *dataplane.DestinationStatus) int {
		return cmp.Or(
			cmp.Compare(a.Addr.BitLen(), b.Addr.BitLen()),
			compareAddresses(a.Addr, b.Addr),
			cmp.Compare(a.Port, b.Port),
		)
	})
	return list
}

// pointers returns pointers to the elements of list, which are large to move.
func pointers[T any](list []T) []*T {
	to := make([]*T, len(list))
	for i := range list {
		to[i] = &list[i]
	}
	return to
}

// compareAddresses compares two addresses of one family, word by word.
func compareAddresses(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	for i := 0; i < len(x); i += 4 {
		if d := difference(binary.BigEndian.Uint32(x[i:]), binary.BigEndian.Uint32(y[i:])); d != 0 {
			return d
		}
	}
	return 0
}

// difference compares a and b as ipvsadm does: by the sign of their difference in
// 32 bits. Numbers that are 2^31 or more apart come the wrong way round, so that
// 192.0.2.1 stands before 10.0.0.1 but behind 100.64.0.1. Among three of which
// each is before the next the order is that of the director.
func difference(a, b uint32) int { return int(int32(a - b)) }
