package config

import (
	"net/netip"

	"xlvs/lvs"
)

// The places of fullForward among the services of full.
const (
	tunnels = 8 + iota
	fullNAT
	fullNATMixed // by the local addresses of all, to the other family
)

// local returns a local address with its ports.
func local(addr string, first, last uint16) LocalRange {
	return LocalRange{netip.MustParseAddr(addr), first, last}
}

// tunnel returns a real server of weight 1 behind a tunnel.
func tunnel(addr string, port uint16, typ lvs.TunnelType, to uint16, flags lvs.TunnelFlags) Real {
	r := realServer(addr, port, lvs.Tunnel, 1)
	r.Tunnel, r.TunnelPort, r.TunnelFlags = typ, to, flags
	return r
}

// fullForward are those behind tunnels and fullnat.
func fullForward() []Service {
	return []Service{
		{
			ServiceKey: ServiceKey{Protocol: lvs.TCP, VIP: vip4, Port: 8443}, Scheduler: "wlc", MSSClamp: true,
			Reals: []Real{
				tunnel("198.51.100.11", 8443, lvs.TunnelIPIP, 0, lvs.TunnelNoCsum),
				tunnel("198.51.100.12", 8443, lvs.TunnelGRE, 0, lvs.TunnelCsum),
				tunnel("2001:db8:1::1", 8443, lvs.TunnelGUE, 6080, lvs.TunnelRemCsum),
				tunnel("2001:db8:1::2", 8443, lvs.TunnelIPIP, 0, lvs.TunnelNoCsum),
			},
		},
		{
			ServiceKey: ServiceKey{Protocol: lvs.TCP, VIP: vip6, Port: 443}, Scheduler: "wlc",
			Reals: []Real{
				realServer("2001:db8:1::1", 8443, lvs.FullNAT, 1),
				realServer("198.51.100.11", 443, lvs.FullNAT, 1),
				realServer("2001:db8:1::2", 443, lvs.NAT, 1),
			},
			LocalAddresses: []LocalRange{local("203.0.113.4", 5000, 5000), local("2001:db8:2::4", 1024, 65535)},
			ClientAddress:  TOA, MSSClamp: true,
		},
		{
			ServiceKey: ServiceKey{Protocol: lvs.UDP, VIP: vip4, Port: 53}, Scheduler: "wlc", ClientAddress: ProxyV2,
			Reals: []Real{realServer("2001:db8:1::1", 5353, lvs.FullNAT, 1)},
		},
	}
}
