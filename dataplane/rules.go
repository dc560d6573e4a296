package dataplane

import (
	"iter"
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

// makeRules tells the classifier about services and where replies come from.
// What is in the trash still has connections, so it is told about that too.
func (p *plan) makeRules(locals []lvs.Addr) steer.Rules {
	r := steer.Rules{}
	for _, s := range p.services {
		addService(r, s.key)
	}
	for m := range p.marksInUse() {
		addMark(r, m)
	}
	for _, dest := range p.byID {
		if dest != nil && dest.id != 0 {
			addService(r, dest.service)
			addReplies(r, dest)
		}
	}
	for l := range p.pools {
		r.AddPool(0, lvs.AddrFrom(l.Addr), l.First, l.Last)
	}
	for _, a := range locals {
		r.AddLocal(a)
	}
	for _, vip := range p.unheld(locals) {
		r.AddUnheld(vip)
	}
	return r
}

// addService has the requests to a service taken, and what belongs to them: the
// data connections of FTP, and the IPsec packets that follow a key exchange.
func addService(r steer.Rules, k config.ServiceKey) {
	if k.Mark != 0 {
		return
	}
	vip := lvs.AddrFrom(k.VIP)
	r.AddService(k.Protocol, vip, k.Port)
	if isFTP(k) {
		r.AddService(lvs.TCP, vip, 0)
	}
	if exchangesKeys(k) {
		r.AddService(lvs.AH, vip, 0)
		r.AddService(lvs.ESP, vip, 0)
	}
}

func isFTP(k config.ServiceKey) bool { return k.Protocol == lvs.TCP && k.Port == ftpControl }

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
func addReplies(r steer.Rules, dest *destination) {
	if dest.masqueraded {
		addMasqueraded(r, dest)
	}
	if k := dest.service; k.Mark == 0 && dest.method != lvs.NAT && dest.method != lvs.FullNAT {
		r.AddReply(k.Protocol, lvs.AddrFrom(k.VIP), k.Port)
	}
}

// addMasqueraded has the packets taken that come from a real server's own address.
func addMasqueraded(r steer.Rules, dest *destination) {
	k := dest.service
	switch {
	case k.Mark != 0:
		for _, proto := range ported {
			r.AddReply(proto, dest.addr, 0) // a persistent one's packets keep their ports
		}
	case isFTP(k):
		r.AddReply(lvs.TCP, dest.addr, 0)
	default:
		r.AddReply(k.Protocol, dest.addr, dest.key.Port)
		if exchangesKeys(k) {
			r.AddReply(lvs.AH, dest.addr, 0)
			r.AddReply(lvs.ESP, dest.addr, 0)
		}
	}
}

// marksInUse yields the rules whose marks have a service, or had one that still
// has connections.
func (p *plan) marksInUse() iter.Seq[*config.Mark] {
	return func(yield func(*config.Mark) bool) {
		for i := range p.marks {
			m := &p.marks[i]
			gives := func(k config.ServiceKey) bool {
				return k.Mark == m.Mark && k.VIP.Is4() == m.Destination.Addr().Is4()
			}
			used := slices.ContainsFunc(p.services, func(s *serviceState) bool { return gives(s.key) }) ||
				slices.ContainsFunc(p.byID, func(d *destination) bool { return d != nil && gives(d.service) })
			if used && !yield(m) {
				return
			}
		}
	}
}

// vips returns the addresses that services are on, in no order. Networks of
// firewall marks are not among them.
func (p *plan) vips() map[lvs.Addr]bool {
	vips := map[lvs.Addr]bool{}
	for _, s := range p.services {
		if s.key.Mark == 0 {
			vips[lvs.AddrFrom(s.key.VIP)] = true
		}
	}
	for m := range p.marksInUse() {
		if m.Destination.IsSingleIP() {
			vips[lvs.AddrFrom(m.Destination.Addr())] = true
		}
	}
	return vips
}

// unheld returns the VIPs and local addresses that no interface of the host
// holds, in no order.
func (p *plan) unheld(locals []lvs.Addr) []lvs.Addr {
	vips := p.vips()
	for l := range p.pools {
		vips[lvs.AddrFrom(l.Addr)] = true
	}
	for _, a := range locals {
		delete(vips, a)
	}
	list := make([]lvs.Addr, 0, len(vips))
	for vip := range vips {
		list = append(list, vip)
	}
	return list
}
