package config

import (
	"fmt"
	"net/netip"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// drawLocals draws local addresses: none, or some of both families.
func drawLocals(t *rapid.T) (locals []LocalRange) {
	if !rapid.Bool().Draw(t, "locals") {
		return nil
	}
	for i, addr := range []string{"203.0.113.2", "2001:db8:2::2", "203.0.113.3"} {
		first := rapid.Uint16Min(1).Draw(t, fmt.Sprintf("first port %d", i))
		locals = append(locals, local(addr, first, rapid.Uint16Min(first).Draw(t, "last port")))
	}
	return locals
}

// drawMethod draws how a real server of s is reached.
func drawMethod(t *rapid.T, s *Service) lvs.Method {
	methods := []lvs.Method{lvs.DirectRouting, lvs.NAT, lvs.Tunnel}
	if s.Protocol != lvs.SCTP && !s.OnePacket {
		methods = append(methods, lvs.FullNAT)
	}
	return rapid.SampledFrom(methods).Draw(t, "method")
}

// drawTunnel draws the options of a tunnel to r.
func drawTunnel(t *rapid.T, r *Real) {
	r.Tunnel = rapid.SampledFrom([]lvs.TunnelType{lvs.TunnelIPIP, lvs.TunnelGRE, lvs.TunnelGUE}).Draw(t, "tunnel")
	flags := map[lvs.TunnelType]lvs.TunnelFlags{lvs.TunnelGRE: lvs.TunnelCsum, lvs.TunnelGUE: lvs.TunnelRemCsum}[r.Tunnel]
	r.TunnelFlags = lvs.TunnelFlags(rapid.IntRange(0, int(flags)).Draw(t, "checksum"))
	if r.Tunnel == lvs.TunnelGUE {
		r.TunnelPort = rapid.Uint16Min(1).Draw(t, "tunnel port")
	}
}

// otherFamily returns an address of the other family that ends as a does.
func otherFamily(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	last := b[len(b)-1]
	if a.Is4() {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8:1::%x", last))
	}
	return netip.MustParseAddr(fmt.Sprintf("198.51.100.%d", last))
}

// drawForward draws what s has to do with how its real servers are reached.
func drawForward(t *rapid.T, s *Service) {
	s.MSSClamp = rapid.Bool().Draw(t, "clamp")
	s.LocalAddresses = drawLocals(t)
	if s.firstBy(lvs.FullNAT) != nil && s.LocalAddresses == nil {
		s.LocalAddresses = []LocalRange{local("203.0.113.2", 1, 2), local("2001:db8:2::2", 1, 2)}
	}
	if s.firstBy(lvs.DirectRouting, lvs.Tunnel) != nil || s.Protocol == lvs.SCTP {
		return
	}
	ways := []ClientAddress{NoClientAddress, ProxyV2}
	if s.Protocol != lvs.UDP {
		ways = append(ways, TOA)
	}
	s.ClientAddress = rapid.SampledFrom(ways).Draw(t, "client")
}
