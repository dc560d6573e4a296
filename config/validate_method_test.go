package config

import (
	"net/netip"
	"testing"

	"xlvs/lvs"
)

// TestValidateLocals breaks one thing at a time in local addresses and in what
// needs them.
func TestValidateLocals(t *testing.T) {
	all := func(l ...LocalRange) func(*Config) {
		return func(c *Config) { c.LocalAddresses = append(c.LocalAddresses, l...) }
	}
	own := func(l ...LocalRange) func(*Config) {
		return func(c *Config) {
			s := &c.Services[fullNAT]
			s.LocalAddresses = append(s.LocalAddresses, l...)
		}
	}
	only := func(l ...LocalRange) func(*Config) {
		return func(c *Config) { c.Services[fullNAT].LocalAddresses = l }
	}
	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"one port":                       {all(local("203.0.113.9", 1, 1)), nil},
		"all ports":                      {all(local("203.0.113.9", 1, 65535)), nil},
		"port 0":                         {all(local("203.0.113.9", 0, 65535)), ErrRange},
		"no ports":                       {own(local("203.0.113.9", 0, 0)), ErrRange},
		"last port before the first":     {own(local("203.0.113.9", 2, 1)), ErrRange},
		"no address":                     {all(LocalRange{First: 1, Last: 2}), ErrAddress},
		"multicast":                      {all(local("224.0.0.1", 1, 2)), ErrAddress},
		"unspecified":                    {own(local("::", 1, 2)), ErrAddress},
		"broadcast":                      {own(local("255.255.255.255", 1, 2)), ErrAddress},
		"link-local":                     {own(local("fe80::1", 1, 2)), ErrAddress},
		"IPv4 in IPv6's clothes":         {all(local("::ffff:203.0.113.9", 1, 2)), ErrAddress},
		"VIP":                            {all(local("192.0.2.1", 1024, 65535)), ErrAddress},
		"VIP of another service":         {own(local("192.0.2.2", 1024, 65535)), ErrAddress},
		"the same twice":                 {all(local("203.0.113.2", 1024, 65535)), ErrDuplicateLocalAddress},
		"a part of another":              {all(local("203.0.113.3", 30000, 30000)), ErrDuplicateLocalAddress},
		"the end of another":             {all(local("203.0.113.3", 60000, 60001)), ErrDuplicateLocalAddress},
		"behind another":                 {all(local("203.0.113.3", 60001, 60001)), nil},
		"before another":                 {all(local("203.0.113.3", 1, 19999)), nil},
		"twice for one service":          {own(local("203.0.113.4", 5000, 5001)), ErrDuplicateLocalAddress},
		"of all and of one service":      {own(local("203.0.113.2", 1024, 65535)), nil},
		"none of IPv4 for the service":   {only(local("2001:db8:2::4", 1, 2)), ErrNoLocalAddress},
		"none of IPv6 for the service":   {only(local("203.0.113.4", 1, 2)), ErrNoLocalAddress},
		"none for the service but all's": {only(), nil},
		"none at all": {func(c *Config) {
			c.LocalAddresses = nil
		}, ErrNoLocalAddress},
		"none of IPv6 for all": {func(c *Config) {
			c.LocalAddresses = c.LocalAddresses[:2]
		}, ErrNoLocalAddress},
		"none, but for services with their own": {func(c *Config) {
			c.LocalAddresses, c.Services = nil, c.Services[:fullNATMixed]
		}, nil},
		"none of the family that only nat has": {func(c *Config) {
			c.Services[fullNAT].Reals = c.Services[fullNAT].Reals[1:]
			only(local("203.0.113.4", 1, 2))(c)
		}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, tt.breaks, tt.want) })
	}
}

// TestValidateMethods breaks one thing at a time that depends on how real servers
// are reached.
func TestValidateMethods(t *testing.T) {
	in := func(i int, f func(*Service)) func(*Config) { return func(c *Config) { f(&c.Services[i]) } }
	client := func(i int, a ClientAddress) func(*Config) { return in(i, func(s *Service) { s.ClientAddress = a }) }
	byMark := func(f func(*Service)) func(*Config) { return in(byMark4, f) }
	behind := func(m lvs.Method) func(*Config) {
		return in(fullNAT, func(s *Service) { s.Reals[2].Method, s.Reals[2].Port = m, 443 })
	}
	tests := map[string]struct {
		breaks func(*Config)
		want   error
	}{
		"fullnat of SCTP":             {in(fullNATMixed, func(s *Service) { s.Protocol, s.ClientAddress = lvs.SCTP, 0 }), ErrMethod},
		"fullnat, one packet":         {in(fullNATMixed, func(s *Service) { s.OnePacket = true }), ErrMethod},
		"fullnat by mark":             {byMark(func(s *Service) { s.Reals[1].Method = lvs.FullNAT }), nil},
		"fullnat by mark, one packet": {byMark(func(s *Service) { s.Reals[1].Method, s.OnePacket = lvs.FullNAT, true }), ErrMethod},
		"fullnat by mark, other family": {byMark(func(s *Service) {
			s.Reals[1].Method, s.Reals[1].Addr = lvs.FullNAT, netip.MustParseAddr("2001:db8:1::1")
		}), nil},
		"fullnat to no port":         {in(fullNATMixed, func(s *Service) { s.Reals[0].Port = 0 }), ErrRange},
		"fullnat to the packet's":    {in(allPorts, func(s *Service) { s.Reals[0].Method = lvs.FullNAT }), nil},
		"nat to the other family":    {in(fullNATMixed, func(s *Service) { s.Reals[0].Method = lvs.NAT }), ErrAddressFamily},
		"TOA":                        {client(0, TOA), ErrClientAddress}, // one is behind dr
		"TOA with nat alone":         {in(0, func(s *Service) { s.ClientAddress, s.Reals = TOA, s.Reals[:2] }), nil},
		"TOA of UDP":                 {client(fullNATMixed, TOA), ErrClientAddress},
		"TOA by mark":                {client(byMark4, TOA), nil},
		"TOA with tun":               {behind(lvs.Tunnel), ErrClientAddress},
		"TOA with dr":                {behind(lvs.DirectRouting), ErrClientAddress},
		"PROXY header with tun":      {client(tunnels, ProxyV2), ErrClientAddress},
		"PROXY header with nat":      {byMark(func(s *Service) { s.ClientAddress = ProxyV2 }), nil},
		"PROXY header of TCP":        {client(fullNAT, ProxyV2), nil},
		"PROXY header of SCTP":       {in(calls+1, func(s *Service) { s.ClientAddress = ProxyV2 }), ErrClientAddress},
		"PROXY header, nobody there": {client(2, ProxyV2), nil},
		"unknown client address":     {client(2, 7), ErrUnknownName},
		"MSS of UDP":                 {in(fullNATMixed, func(s *Service) { s.MSSClamp = true }), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { validates(t, tt.breaks, tt.want) })
	}
}

// TestValidateTunnel gives a real server behind a tunnel options of all kinds.
func TestValidateTunnel(t *testing.T) {
	const (
		ipip, gre, gue      = lvs.TunnelIPIP, lvs.TunnelGRE, lvs.TunnelGUE
		none, csum, remcsum = lvs.TunnelNoCsum, lvs.TunnelCsum, lvs.TunnelRemCsum
		tun, dr             = lvs.Tunnel, lvs.DirectRouting
	)
	tests := map[string]struct {
		method lvs.Method
		typ    lvs.TunnelType
		port   uint16
		flags  lvs.TunnelFlags
		want   error
	}{
		"ipip":                  {tun, ipip, 0, none, nil},
		"ipip to a port":        {tun, ipip, 6080, none, ErrTunnel},
		"ipip with checksum":    {tun, ipip, 0, csum, ErrTunnel},
		"gre":                   {tun, gre, 0, none, nil},
		"gre with checksum":     {tun, gre, 0, csum, nil},
		"gre, half a checksum":  {tun, gre, 0, remcsum, ErrTunnel},
		"gre to a port":         {tun, gre, 6080, csum, ErrTunnel},
		"gue":                   {tun, gue, 6080, none, nil},
		"gue with checksum":     {tun, gue, 65535, csum, nil},
		"gue, half a checksum":  {tun, gue, 1, remcsum, nil},
		"gue to nowhere":        {tun, gue, 0, none, ErrRange},
		"both checksums":        {tun, gue, 6080, csum | remcsum, ErrUnknownName},
		"unknown type":          {tun, 3, 0, none, ErrUnknownName},
		"unknown type's port":   {tun, 3, 6080, csum, ErrUnknownName},
		"dr with a type":        {dr, gre, 0, none, ErrTunnel},
		"dr with a port":        {dr, ipip, 6080, none, ErrTunnel},
		"dr with a checksum":    {dr, ipip, 0, csum, ErrTunnel},
		"fullnat with a type":   {lvs.FullNAT, gre, 0, none, ErrTunnel},
		"unknown method's type": {unread, gue, 0, csum, ErrUnknownName},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			validates(t, func(c *Config) {
				r := &c.Services[tunnels].Reals[0]
				r.Method, r.Tunnel, r.TunnelPort, r.TunnelFlags = tt.method, tt.typ, tt.port, tt.flags
			}, tt.want)
		})
	}
}

func TestValidateTunnelPort(t *testing.T) {
	validates(t, func(c *Config) { c.Services[tunnels].Reals[0].Port = 443 }, ErrPort)
}
