package ipvsadm

import (
	"math"

	"xlvs/config"
	"xlvs/lvs"
)

func (p *parser) readTCP(text string) *failure  { return p.readVirtual(lvs.TCP, text) }
func (p *parser) readUDP(text string) *failure  { return p.readVirtual(lvs.UDP, text) }
func (p *parser) readSCTP(text string) *failure { return p.readVirtual(lvs.SCTP, text) }

// readVirtual reads the address of a service.
func (p *parser) readVirtual(proto lvs.Protocol, text string) *failure {
	p.proto = proto
	e, ok := p.lookup.endpoint(p.ctx, text, proto)
	if !ok {
		return usage("illegal virtual server address[:port] specified")
	}
	p.key = config.ServiceKey{Protocol: proto, VIP: e.addr, Port: e.port}
	if e.addr.Is6() {
		p.mask6 = 128 // whatever a -M in front of it has said
	}
	return nil
}

func (p *parser) readMark(text string) *failure {
	n, ok := number(text, 1, math.MaxUint32)
	if !ok {
		return usage("invalid fwmark value `%s' specified", text)
	}
	p.key, p.proto = config.ServiceKey{VIP: unspecified(false), Mark: uint32(n)}, lvs.TCP
	return nil
}

func (p *parser) readIPv6(string) *failure {
	if p.key.Mark == 0 {
		return usage("-6 used before -f\n") // an empty line follows
	}
	p.key.VIP, p.mask6 = unspecified(true), 128
	return nil
}

func (p *parser) readScheduler(name string) *failure {
	if name != "" {
		p.service.Scheduler = name
	}
	return nil
}

func (p *parser) readPersistent(text string) *failure {
	return readSeconds(text, 1, &p.service.Persistence)
}

// readNetmask reads an IPv4 netmask, or the length of an IPv6 prefix once the
// service is known to be one of IPv6.
func (p *parser) readNetmask(text string) *failure {
	if p.key.VIP.Is6() {
		if p.mask6 = leadingNumber(text); p.mask6 < 1 || p.mask6 > 128 {
			return usage("illegal ipv6 netmask specified")
		}
		return nil
	}
	a, ok := p.lookup.host4(p.ctx, text)
	if !ok {
		return usage("illegal virtual server persistent mask specified")
	}
	b := a.As4()
	p.mask4 = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return nil
}

func (p *parser) readEngine(name string) *failure {
	p.service.Engine = name
	return nil
}

func (p *parser) readOnePacket(string) *failure {
	p.service.OnePacket = true
	return nil
}

func (p *parser) readFlags(names string) *failure {
	p.flags = names
	return nil
}

// readClient reads how real servers learn clients' addresses.
func (p *parser) readClient(name string) *failure {
	for _, a := range [...]config.ClientAddress{config.NoClientAddress, config.ProxyV2, config.TOA} {
		if a.String() == name {
			p.service.ClientAddress = a
			return nil
		}
	}
	return usage("illegal client address specified: must be none, proxy-v2 or toa")
}

func (p *parser) readClamp(string) *failure {
	p.service.MSSClamp = true
	return nil
}

func (p *parser) readNoClamp(string) *failure {
	p.service.MSSClamp = false
	return nil
}

// readLocal reads a local address, perhaps with a port or a range of ports.
func (p *parser) readLocal(text string) *failure {
	l, ok := parseLocal(text)
	if !ok {
		return usage("illegal local address[:port[-port]] specified")
	}
	p.locals = append(p.locals, l)
	return nil
}
