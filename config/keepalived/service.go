package keepalived

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"xlvs/config"
	"xlvs/lvs"
)

// services adds what v is a service for.
func (t *translation) services(v *virtual) error {
	s := v.what
	switch s.arg(1) {
	case "group":
		return t.groupServices(v, s.arg(2))
	case "fwmark":
		mark, err := parseMark(s.arg(2))
		if err != nil {
			t.notes.add(s.at, "%s: %v: left out", s, err)
			return nil
		}
		return t.markService(v, s.at, mark, v.markFamily(netip.Addr{}))
	}
	addr, port, err := parseEndpoint(s.arg(1), s.arg(2))
	if err != nil {
		t.notes.add(s.at, "%s: %v: left out", s, err)
		return nil
	}
	return t.addressService(v, s.at, addr, port)
}

// groupServices adds a service for each entry of a group.
func (t *translation) groupServices(v *virtual, name string) error {
	g, ok := t.groups[name]
	if !ok {
		t.notes.add(v.at, "%s: there is no such virtual_server_group: left out", v.what)
		return nil
	}
	g.used = true
	for _, e := range g.entries {
		if e.mark != 0 {
			if err := t.markService(v, e.at, e.mark, v.markFamily(e.family)); err != nil {
				return err
			}
			continue
		}
		for a := e.first; ; a = a.Next() {
			if err := t.addressService(v, e.at, a, e.port); err != nil {
				return err
			}
			if a == e.last {
				break
			}
		}
	}
	return nil
}

// markFamily returns the family of v by a mark: what was said, or that of the
// real servers if packets reach them as they are, or of all if it is one.
func (v *virtual) markFamily(said netip.Addr) netip.Addr {
	families := map[bool]netip.Addr{true: netip.IPv4Unspecified(), false: netip.IPv6Unspecified()}
	if said.IsValid() {
		return said
	} else if v.family.IsValid() {
		return v.family
	}
	for i := range v.reals {
		if r := &v.reals[i]; r.forwarding(v).method != lvs.Tunnel {
			return families[r.config.Addr.Is4()]
		}
	}
	if slices.ContainsFunc(v.reals, func(r real) bool { return r.config.Addr.Is4() }) {
		return families[true]
	}
	return families[false]
}

// markService adds the service for a mark. A protocol is nothing to it, to
// keepalived neither.
func (t *translation) markService(v *virtual, at position, mark uint32, family netip.Addr) error {
	t.notes.add(at, "fwmark %d: netfilter marks no packets on their way to a director: [[mark]] must say which have this mark", mark)
	return t.service(v, at, config.ServiceKey{VIP: family, Mark: mark})
}

// addressService adds the service for an address.
func (t *translation) addressService(v *virtual, at position, addr netip.Addr, port uint16) error {
	protocol := v.protocol
	if protocol == 0 {
		protocol = defaultProtocol
		t.notes.add(v.at, "%s: no protocol: %v is taken, as keepalived does", v.what, protocol)
	}
	return t.service(v, at, config.ServiceKey{Protocol: protocol, VIP: addr, Port: port})
}

// service adds one service.
func (t *translation) service(v *virtual, at position, k config.ServiceKey) error {
	s := v.config
	s.ServiceKey = k
	if k.Mark == 0 && k.Port == 0 && s.Persistence == 0 {
		t.notes.add(v.at, "%s: no port: that needs persistence, 6 minutes are taken, as keepalived does", v.what)
		s.Persistence = defaultPersistence
	}
	if s.Persistence != 0 {
		s.MaskBits = t.maskBits(v, k.VIP)
	}
	if s.OnePacket && k.Mark == 0 && k.Protocol != lvs.UDP {
		t.notes.add(v.at, "%s: ops is for UDP: left out", v.what)
		s.OnePacket = false
	}
	for i := range v.reals {
		r := &v.reals[i]
		c := r.of(v, k)
		if r.config.Port != 0 && c.Port != r.config.Port {
			t.notes.add(r.at, "real_server %v: its port is left out: only NAT changes the port of a packet", r.config.RealKey)
		}
		s.Reals = append(s.Reals, c)
	}
	return t.add(v, at, s)
}

// maskBits returns how much of a client's address counts: a mask for IPv4, a
// number for IPv6, as keepalived has it.
func (t *translation) maskBits(v *virtual, vip netip.Addr) int {
	s := v.granularity
	if s == nil {
		return vip.BitLen()
	}
	if vip.Is6() {
		if n, err := strconv.Atoi(s.arg(1)); err == nil && n > 0 && n <= 128 {
			return n
		}
		t.notes.add(s.at, "%s: for IPv6 it must be a number from 1 to 128: left out", s)
		return vip.BitLen()
	}
	if a, err := netip.ParseAddr(s.arg(1)); err == nil && a.Is4() {
		if ones, size := net.IPMask(a.AsSlice()).Size(); size > 0 {
			return ones
		}
	}
	t.notes.add(s.at, "%s: for IPv4 it must be a mask as 255.255.255.0: left out", s)
	return vip.BitLen()
}
