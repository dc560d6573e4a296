package demo

import (
	"net/netip"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// A method is a forwarding method and the network that shows it. Another method
// is another entry of methods, no other code.
type method struct {
	name    string // for --method
	title   string
	picture string // of a packet's way and back
	forward lvs.Method
	raise   func(*lab.Lab, lab.WireOptions) (*lab.Topology, error)
	// families are the addresses that raise gives, IPv4 first. The director's
	// are in the topology too, but the servers' are not.
	families []family
}

// A family is the addresses of one address family.
type family struct {
	cip, vip netip.Addr
	rips     []netip.Addr // by real server
}

// port is that of the services and of the real servers.
const port = 80

// methods returns the methods in the order in which they are shown.
func methods() []method {
	return []method{{
		name:    "nat",
		title:   "masquerading, the director rewrites both ways",
		picture: natPicture,
		forward: lvs.NAT,
		raise:   lab.Simple,
		families: []family{
			addresses("198.51.100.7", "198.51.100.1", "192.0.2.11", "192.0.2.12"),
			addresses("2001:db8:1::7", "2001:db8:1::1", "2001:db8:2::11", "2001:db8:2::12"),
		},
	}, {
		name:    "dr",
		title:   "direct routing, the real servers answer the client themselves",
		picture: drPicture,
		forward: lvs.DirectRouting,
		raise:   lab.S3b,
		families: []family{
			addresses("192.168.147.1", "192.168.147.100", "192.168.147.3", "192.168.147.4"),
			addresses("2001:db8:3:147::1", "2001:db8:3:147::100", "2001:db8:3:147::3", "2001:db8:3:147::4"),
		},
	}}
}

const natPicture = `
    client                     director                  real server
      │         CIP → VIP         │                           │
      ├──────────────────────────▶│ destination VIP ⇒ RIP     │
      │                           │         CIP → RIP         │
      │                           ├──────────────────────────▶│
      │                           │         RIP → CIP         │
      │     source RIP ⇒ VIP      │◀──────────────────────────┤
      │         VIP → CIP         │                           │
      │◀──────────────────────────┤                           │
`

const drPicture = `
    client                     director            real server (VIP on lo)
      │         CIP → VIP         │                           │
      ├──────────────────────────▶│ MAC addresses ⇒ next hop  │
      │                           │         CIP → VIP         │
      │                           ├──────────────────────────▶│
      │                           ╎         VIP → CIP         │
      │◀──────────────────────────╎───────────────────────────┤
`

// addresses returns the family of addresses that are known to be good.
func addresses(cip, vip string, rips ...string) family {
	f := family{cip: netip.MustParseAddr(cip), vip: netip.MustParseAddr(vip)}
	for _, a := range rips {
		f.rips = append(f.rips, netip.MustParseAddr(a))
	}
	return f
}

// url returns what the client asks for.
func (f family) url() string {
	if f.vip.Is6() {
		return "http://[" + f.vip.String() + "]/"
	}
	return "http://" + f.vip.String() + "/"
}

// config returns the director's configuration: a service for each family.
func (m method) config(mode config.Mode) *config.Config {
	c := config.Default()
	c.Dataplane.Mode = mode
	for _, f := range m.families {
		s := config.Service{
			ServiceKey: config.ServiceKey{Protocol: lvs.TCP, VIP: f.vip, Port: port},
			Scheduler:  "rr",
		}
		for _, a := range f.rips {
			key := config.RealKey{Addr: a, Port: port}
			s.Reals = append(s.Reals, config.Real{RealKey: key, Method: m.forward, Weight: 1})
		}
		c.Services = append(c.Services, s)
	}
	return c
}
