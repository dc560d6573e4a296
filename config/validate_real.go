package config

import (
	"fmt"
	"net/netip"

	"xlvs/lvs"
)

// label returns how errors name r, the i-th real server of s.
func (r *Real) label(i int, s *Service) string {
	if r.readable(s) {
		return "real " + r.String()
	}
	return fmt.Sprintf("real %d", i+1)
}

// readable reports whether the key of r, a real server of s, is complete.
func (r *Real) readable(s *Service) bool {
	return r.Addr.IsValid() && (r.Port != 0 || s.Port == 0 && s.readable())
}

// check reports everything that is wrong with r as a real server of s. Of what
// cannot be compared because s or r lacks it, only the lack is reported.
func (r *Real) check(rep reporter, s *Service) {
	rep.check("address", checkAddress("address", r.Addr, realObjection(r.Addr)))
	rep.check("address", r.checkFamily(s.VIP))
	rep.check("port", r.checkPort(s))
	if _, ok := nameOf(methodWords[:], r.Method); !ok {
		rep("forward", fmt.Errorf("forward %v: %w: must be %s", r.Method, ErrUnknownName, oneOf(methodWords[:])))
	}
	r.checkTunnel(rep)
	rep.check("weight", within("weight", r.Weight, 0, MaxWeight))
	rep.check("u_threshold", within("u_threshold", r.Upper, 0, MaxThreshold))
	rep.check("l_threshold", r.checkLower())
}

// checkLower checks the lower threshold, at which the upper one's effect ends.
func (r *Real) checkLower() error {
	if r.Upper >= 0 && r.Lower > r.Upper {
		return fmt.Errorf("l_threshold %d: %w: must not be above u_threshold, %d", r.Lower, ErrThresholds, r.Upper)
	}
	return within("l_threshold", r.Lower, 0, MaxThreshold)
}

// checkFamily checks the family of r's address against that of the virtual one:
// but for a packet inside another, or one that is made anew, they are the same.
func (r *Real) checkFamily(vip netip.Addr) error {
	switch {
	case !r.Addr.IsValid() || !vip.IsValid():
		return nil
	case r.Method != lvs.NAT && r.Method != lvs.DirectRouting:
		return nil
	case family(r.Addr) != family(vip):
		return fmt.Errorf("%w: nat and dr need both of one family, and the service is %s", ErrAddressFamily, family(vip))
	}
	return nil
}

// family returns what a, IPv4-mapped or not, is called.
func family(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// checkPort checks the port of r against that of its service. Behind a service
// that takes many ports it may be 0.
func (r *Real) checkPort(s *Service) error {
	switch {
	case s.byMark(), s.Port == 0 && s.Persistence == 0: // any; nothing to compare with
		return nil
	case (r.Method == lvs.DirectRouting || r.Method == lvs.Tunnel) && r.Port != 0 && r.Port != s.Port:
		return fmt.Errorf("port %d: %w: %s leaves the packet as the client sent it, so it must be %d or omitted",
			r.Port, ErrPort, methodText(r.Method), s.Port)
	case r.Port == 0 && s.Port != 0:
		return within("port", r.Port, 1, 65535)
	}
	return nil
}
