package ipvsadm

import (
	"cmp"
	"slices"

	"xlvs/dataplane"
)

// sorted returns a copy of services in ipvsadm's order: by firewall mark,
// address family, protocol, address and port; and their destinations by address and port.
func sorted(services []dataplane.ServiceStatus) []dataplane.ServiceStatus {
	list := slices.Clone(services)
	slices.SortFunc(list, func(a, b dataplane.ServiceStatus) int {
		return cmp.Or(
			cmp.Compare(a.Mark, b.Mark),
			cmp.Compare(a.VIP.BitLen(), b.VIP.BitLen()),
			cmp.Compare(a.Protocol, b.Protocol),
			a.VIP.Compare(b.VIP),
			cmp.Compare(a.Port, b.Port),
		)
	})
	for i := range list {
		list[i].Destinations = slices.Clone(list[i].Destinations)
		slices.SortFunc(list[i].Destinations, func(a, b dataplane.DestinationStatus) int {
			return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port))
		})
	}
	return list
}
