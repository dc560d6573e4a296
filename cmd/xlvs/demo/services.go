package demo

import (
	"net/netip"
	"strings"

	"xlvs/config"
	"xlvs/lvs"
)

// A family is the addresses of one address family.
type family struct {
	cip, vip netip.Addr
	// own is whom the director is for real servers: the DIP around tunnelled
	// packets, or the LIP of full NAT. With other methods packets have none.
	own  netip.Addr
	rips []netip.Addr // by real server
}

// addresses returns the family of addresses that are known to be good.
func addresses(cip, vip string, rips ...string) family {
	f := family{cip: netip.MustParseAddr(cip), vip: netip.MustParseAddr(vip)}
	for _, a := range rips {
		f.rips = append(f.rips, netip.MustParseAddr(a))
	}
	return f
}

// Ports of the services and of the real servers.
const (
	port       = 80
	headerPort = 8080 // behind a PROXY header
)

// A service is a virtual service of one family.
type service struct {
	family
	port   uint16
	client config.ClientAddress // how its real servers hear of the client
	seen   netip.Addr           // whom they see
}

// services returns a service for each family. Where real servers do not see the
// client, as many others follow, from which they hear of it.
func (m method) services() (services []service) {
	hidden := m.real.Method == lvs.FullNAT
	for _, f := range m.families {
		s := service{family: f, port: port, seen: f.cip}
		if hidden {
			s.seen = f.own
		}
		services = append(services, s)
	}
	if !hidden {
		return services
	}
	for _, s := range services[:len(m.families)] {
		s.port, s.client = headerPort, config.ProxyV2
		services = append(services, s)
	}
	return services
}

// url returns what the client asks for.
func (s service) url() string {
	host := netip.AddrPortFrom(s.vip, s.port).String()
	return "http://" + strings.TrimSuffix(host, ":80") + "/"
}

// greeting returns the right answer of real server i.
func (s service) greeting(i int) string {
	if s.client == config.ProxyV2 {
		return introduced(realName(i), s.cip, s.seen)
	}
	return greeting(realName(i), s.seen)
}

// known returns whom the real servers take for their client.
func (s service) known() netip.Addr {
	if s.client == config.ProxyV2 {
		return s.cip
	}
	return s.seen
}
