package config

import (
	"fmt"
	"net/netip"
	"slices"

	"xlvs/lvs"
)

// label returns how errors name s, the i-th service of its configuration.
func (s *Service) label(i int) string {
	if s.readable() {
		return "service " + s.String()
	}
	return fmt.Sprintf("service %d", i+1)
}

// readable reports whether the key of s is complete, so that it says something
// to name it and to compare it with others.
func (s *Service) readable() bool { return s.Protocol != 0 && s.VIP.IsValid() && s.Port != 0 }

// check reports everything that is wrong with s and its real servers.
func (s *Service) check(r reporter) {
	if _, ok := nameOf(protocolWords[:], s.Protocol); !ok {
		r("protocol", fmt.Errorf("protocol %v: %w: must be %s", s.Protocol, ErrUnknownName, oneOf(protocolWords[:])))
	}
	r.check("vip", checkAddress("vip", s.VIP, objection(s.VIP)))
	r.check("port", within("port", s.Port, 1, 65535))
	if !slices.Contains(lvs.SchedulerNames[:], s.Scheduler) {
		r("scheduler", fmt.Errorf("scheduler %q: %w: must be %s", s.Scheduler, ErrUnknownName, orList(lvs.SchedulerNames[:])))
	}
	first := make(map[RealKey]int)
	for i := range s.Reals {
		real := &s.Reals[i]
		rr := r.inside(fmt.Sprintf("real.%d", i), real.label(i))
		real.check(rr, s)
		if j, ok := first[real.RealKey]; ok {
			rr("", fmt.Errorf("%w: the same as real server %d", ErrDuplicateReal, j+1))
		} else if real.readable() {
			first[real.RealKey] = i
		}
	}
}

// label returns how errors name r, the i-th real server of its service.
func (r *Real) label(i int) string {
	if r.readable() {
		return "real " + r.String()
	}
	return fmt.Sprintf("real %d", i+1)
}

// readable reports whether the key of r is complete.
func (r *Real) readable() bool { return r.Addr.IsValid() && r.Port != 0 }

// check reports everything that is wrong with r as a real server of s. Of what
// cannot be compared because s or r lacks it, only the lack is reported.
func (r *Real) check(rep reporter, s *Service) {
	rep.check("address", checkAddress("address", r.Addr, realObjection(r.Addr)))
	rep.check("address", r.checkAgainst(s.VIP))
	if s.Port != 0 {
		rep.check("port", r.checkPort(s.Port))
	}
	if _, ok := nameOf(methodWords[:], r.Method); !ok {
		rep("forward", fmt.Errorf("forward %v: %w: must be %s", r.Method, ErrUnknownName, oneOf(methodWords[:])))
	}
	rep.check("weight", within("weight", r.Weight, 0, MaxWeight))
}

// checkAgainst checks the address of r against the virtual one: neither method
// turns one family into the other, and a packet to the VIP only comes back.
func (r *Real) checkAgainst(vip netip.Addr) error {
	switch {
	case !r.Addr.IsValid() || !vip.IsValid():
		return nil
	case r.Addr.Unmap().Is4() != vip.Unmap().Is4():
		return fmt.Errorf("%w: nat and dr need both of one family, and the service has %v", ErrAddressFamily, vip)
	case r.Addr == vip:
		return fmt.Errorf("address %v: %w: it is the service's own", r.Addr, ErrAddress)
	}
	return nil
}

// checkPort checks the port of r against that of its service.
func (r *Real) checkPort(service uint16) error {
	if r.Method == lvs.DirectRouting && r.Port != 0 && r.Port != service {
		return fmt.Errorf("port %d: %w: dr leaves the packet as the client sent it, so it must be %d or omitted",
			r.Port, ErrPort, service)
	}
	return within("port", r.Port, 1, 65535)
}

// checkAddress returns an error if there is an objection to a.
func checkAddress(key string, a netip.Addr, objection string) error {
	if objection == "" {
		return nil
	}
	return fmt.Errorf("%s %v: %w: %s", key, a, ErrAddress, objection)
}

// objection says why a cannot be an address of the model, or nothing.
func objection(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "must be an IPv4 or IPv6 address"
	case a.Zone() != "":
		return "must be without a zone"
	case a.Is4In6():
		return "must be written as IPv4, " + a.Unmap().String()
	case a.IsUnspecified(), a.IsMulticast(), a.Is4() && broadcast(a.As4()):
		return "must be unicast"
	}
	return ""
}

// broadcast reports whether the kernel takes b for a broadcast address without
// looking at any interface: 0.0.0.0/8 and 255.255.255.255 (inet_addr_type).
func broadcast(b [4]byte) bool { return b[0] == 0 || b == [4]byte{255, 255, 255, 255} }

// realObjection says why a cannot be a real server's address, or nothing.
func realObjection(a netip.Addr) string {
	switch {
	case objection(a) != "":
		return objection(a)
	case a.IsLoopback():
		return "the director itself cannot be a real server"
	case a.Is6() && a.IsLinkLocalUnicast():
		return "must not be link-local, which says no interface"
	}
	return ""
}
