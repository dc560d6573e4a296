package demo

import (
	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// A method is a forwarding method and the network that shows it.
type method struct {
	name    string // for --method
	title   string
	picture string      // of a packet's way and back
	real    config.Real // how real servers are reached; not which they are
	raise   func(*lab.Lab, lab.WireOptions) (*lab.Topology, error)
	// families are the addresses that raise gives, IPv4 first. The director's
	// are in the topology too, but the servers' are not.
	families []family
	capture  string // for tcpdump, of what reaches and leaves a real server
}

// methods returns the methods in the order in which they are shown.
func methods() []method {
	return []method{
		masquerading(),
		directRouting(),
		tunneling("ipip", "another IP header", "DIP → RIP [CIP → VIP]", "proto 4 or proto 41 or tcp", lvs.TunnelIPIP),
		tunneling("gre", "a GRE header", "DIP → RIP GRE [CIP → VIP]", "proto 47 or tcp", lvs.TunnelGRE),
		tunneling("gue", "a GUE header, over UDP", "DIP → RIP GUE [CIP → VIP]", "udp or tcp", lvs.TunnelGUE),
		fullNAT(),
	}
}

func masquerading() method {
	return method{
		name:    "nat",
		title:   "masquerading, the director rewrites both ways",
		picture: natPicture,
		real:    config.Real{Method: lvs.NAT},
		raise:   lab.Simple,
		families: []family{
			addresses("198.51.100.7", "198.51.100.1", "192.0.2.11", "192.0.2.12"),
			addresses("2001:db8:1::7", "2001:db8:1::1", "2001:db8:2::11", "2001:db8:2::12"),
		},
		capture: "tcp",
	}
}

func directRouting() method {
	return method{
		name:    "dr",
		title:   "direct routing, the real servers answer the client themselves",
		picture: drPicture,
		real:    config.Real{Method: lvs.DirectRouting},
		raise:   lab.S3b,
		families: []family{
			addresses("192.168.147.1", "192.168.147.100", "192.168.147.3", "192.168.147.4"),
			addresses("2001:db8:3:147::1", "2001:db8:3:147::100", "2001:db8:3:147::3", "2001:db8:3:147::4"),
		},
		capture: "tcp",
	}
}

// tunneling returns the method with tunnels of one type. The picture shows what
// they put around a packet, and what that is then.
func tunneling(name, around, packet, capture string, t lvs.TunnelType) method {
	m := method{
		name:     "tun-" + name,
		title:    "tunneling past routers, real servers answer the client",
		picture:  tunnelPicture(around, packet),
		real:     config.Real{Method: lvs.Tunnel, Tunnel: t},
		raise:    raiseRouted,
		families: routedFamilies(dip4, dip6),
		capture:  capture,
	}
	if t == lvs.TunnelGUE {
		m.real.TunnelPort = guePort
	}
	return m
}

func fullNAT() method {
	return method{
		name:     "fullnat",
		title:    "full NAT, real servers beyond routers see the director",
		picture:  fullNATPicture,
		real:     config.Real{Method: lvs.FullNAT},
		raise:    raiseRouted,
		families: routedFamilies(lip4, lip6),
		capture:  "tcp",
	}
}

// guePort is where GUE comes to real servers.
const guePort = 6080

// config returns the director's configuration.
func (m method) config(mode config.Mode) *config.Config {
	c := config.Default()
	c.Dataplane.Mode = mode
	for _, s := range m.services() {
		cs := config.Service{
			ServiceKey:    config.ServiceKey{Protocol: lvs.TCP, VIP: s.vip, Port: s.port},
			Scheduler:     "rr",
			ClientAddress: s.client,
		}
		for _, a := range s.rips {
			r := m.real
			r.RealKey, r.Weight = config.RealKey{Addr: a, Port: s.port}, 1
			cs.Reals = append(cs.Reals, r)
		}
		c.Services = append(c.Services, cs)
	}
	if m.real.Method == lvs.FullNAT {
		for _, f := range m.families {
			c.LocalAddresses = append(c.LocalAddresses, config.LocalRange{Addr: f.own, First: 1024, Last: 65535})
		}
	}
	return c
}
