package dataplane

import (
	"slices"

	"xlvs/config"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// isakmp is the port whose connections AH and ESP follow: that of the key
// exchange (ip_vs_proto_ah_esp.c).
const isakmp = 500

// ported are the protocols with ports: those of services.
var ported = [...]lvs.Protocol{lvs.TCP, lvs.UDP, lvs.SCTP}

// list plans that n more, or fewer, ask for what the service of s needs.
func (p *plan) list(s *serviceState, n int) {
	k := s.key()
	if k.Mark != 0 {
		p.markUses[markKeyOf(k)] += n
		if n < 0 {
			p.byMark.remove(markKeyOf(k))
		}
		return
	}
	vip := lvs.AddrFrom(k.VIP)
	p.use(vip, n, use{virtual: 1, wanted: 1})
	p.claim(n, func(r steer.Rules) { addService(r, k, p.ftp) })
	if k.Protocol == lvs.TCP && k.Port == ftpControl {
		p.onFTP += n
	}
	if k.Port == 0 {
		p.anyPorts += n
	}
	if n < 0 {
		p.endpoints.remove(serviceKey{vip, k.Port, k.Protocol})
	}
}

// enlist plans that n more, or fewer, ask for what a destination needs. What is in
// the trash still has connections, so it needs what it did, the address of its
// service too.
func (p *plan) enlist(dest *destination, n int) {
	if k := dest.service; k.Mark != 0 {
		p.markUses[markKeyOf(k)] += n
	} else {
		p.use(lvs.AddrFrom(k.VIP), n, use{virtual: 1})
	}
	if dest.masqueraded {
		p.use(dest.addr, n, use{real: 1})
	}
	p.claim(n, func(r steer.Rules) { addDestination(r, dest, p.ftp) })
}

// setFTP plans that other ports are those of FTP.
func (p *plan) setFTP(ports ftpPorts) {
	if slices.Equal(p.ftp, ports) {
		return
	}
	changes := func(k config.ServiceKey) bool { return p.ftp.has(k) != ports.has(k) }
	for _, s := range p.d.services {
		if k := s.key(); changes(k) {
			p.claim(-1, func(r steer.Rules) { addService(r, k, p.ftp) })
			p.claim(1, func(r steer.Rules) { addService(r, k, ports) })
		}
	}
	for _, dest := range p.byID[1:] {
		if dest != nil && changes(dest.service) {
			p.claim(-1, func(r steer.Rules) { addDestination(r, dest, p.ftp) })
			p.claim(1, func(r steer.Rules) { addDestination(r, dest, ports) })
		}
	}
	p.ftp = ports
}

// addService has the requests to a service taken, and what belongs to them: the
// data connections of FTP, and the IPsec packets that follow a key exchange.
func addService(r steer.Rules, k config.ServiceKey, ftp ftpPorts) {
	if k.Mark != 0 {
		return
	}
	vip := lvs.AddrFrom(k.VIP)
	r.AddService(k.Protocol, vip, k.Port)
	if ftp.has(k) {
		r.AddService(lvs.TCP, vip, 0)
	}
	if exchangesKeys(k) {
		r.AddService(lvs.AH, vip, 0)
		r.AddService(lvs.ESP, vip, 0)
	}
}

// addDestination has the requests of connections to a destination taken, and what
// it answers.
func addDestination(r steer.Rules, dest *destination, ftp ftpPorts) {
	addService(r, dest.service, ftp)
	addReplies(r, dest, ftp)
}

func exchangesKeys(k config.ServiceKey) bool {
	return k.Protocol == lvs.UDP && (k.Port == isakmp || k.Port == 0)
}

// addMark has the packets taken that a rule may mark.
func addMark(r steer.Rules, m *config.Mark) {
	protos := ported[:]
	if m.Protocol != 0 {
		protos = []lvs.Protocol{m.Protocol}
	}
	for _, proto := range protos {
		switch {
		case !m.Destination.IsSingleIP():
			r.AddNetwork(proto, m.Destination)
		case len(m.Ports) == 0:
			r.AddService(proto, lvs.AddrFrom(m.Destination.Addr()), 0)
		default:
			addPorts(r, proto, lvs.AddrFrom(m.Destination.Addr()), m.Ports)
		}
	}
}

// manyPorts is how many ports of an address are taken one by one. Where there are
// more, all are, and the host gets the others back.
const manyPorts = 64

func addPorts(r steer.Rules, proto lvs.Protocol, vip lvs.Addr, ranges []config.PortRange) {
	n := 0
	for _, ports := range ranges {
		n += int(ports.Last) - int(ports.First) + 1
	}
	if n > manyPorts {
		r.AddService(proto, vip, 0)
		return
	}
	for _, ports := range ranges {
		for port := int(ports.First); port <= int(ports.Last); port++ {
			r.AddService(proto, vip, uint16(port))
		}
	}
}

// addReplies has the packets taken with which a real server answers. Those of
// fullnat come to a local address.
func addReplies(r steer.Rules, dest *destination, ftp ftpPorts) {
	if dest.masqueraded {
		addMasqueraded(r, dest, ftp)
	}
	if k := dest.service; k.Mark == 0 && dest.method != lvs.NAT && dest.method != lvs.FullNAT {
		r.AddReply(k.Protocol, lvs.AddrFrom(k.VIP), k.Port)
	}
}

// addMasqueraded has the packets taken that come from a real server's own address.
func addMasqueraded(r steer.Rules, dest *destination, ftp ftpPorts) {
	k := dest.service
	switch {
	case k.Mark != 0:
		for _, proto := range ported {
			r.AddReply(proto, dest.addr, 0) // a persistent one's packets keep their ports
		}
	case ftp.has(k):
		r.AddReply(lvs.TCP, dest.addr, 0)
	default:
		r.AddReply(k.Protocol, dest.addr, dest.key.Port)
		if exchangesKeys(k) {
			r.AddReply(lvs.AH, dest.addr, 0)
			r.AddReply(lvs.ESP, dest.addr, 0)
		}
	}
}
