package ipvsadm

import (
	"math"

	"xlvs/config"
	"xlvs/lvs"
)

// readServer reads the address of a real server. Without a port it has that of
// the service, if that is known by then.
func (p *parser) readServer(text string) *failure {
	e, ok := p.lookup.endpoint(p.ctx, text, p.proto)
	if !ok {
		return usage("illegal real server address[:port] specified")
	}
	if !e.hasPort {
		e.port = p.key.Port
	}
	p.real.RealKey = config.RealKey{Addr: e.addr, Port: e.port}
	return nil
}

func (p *parser) readNAT(string) *failure           { return p.forward(lvs.NAT) }
func (p *parser) readTunnel(string) *failure        { return p.forward(lvs.Tunnel) }
func (p *parser) readDirectRouting(string) *failure { return p.forward(lvs.DirectRouting) }
func (p *parser) readFullNAT(string) *failure       { return p.forward(lvs.FullNAT) }

func (p *parser) forward(m lvs.Method) *failure {
	p.real.Method = m
	return nil
}

func (p *parser) readWeight(text string) *failure {
	return bounded(text, "illegal weight specified", math.MaxInt32, &p.real.Weight)
}

func (p *parser) readUpper(text string) *failure {
	return bounded(text, "illegal u_threshold specified", math.MaxInt32, &p.real.Upper)
}

func (p *parser) readLower(text string) *failure {
	return bounded(text, "illegal l_threshold specified", math.MaxInt32, &p.real.Lower)
}

func (p *parser) readTunnelType(name string) *failure {
	for _, t := range [...]lvs.TunnelType{lvs.TunnelIPIP, lvs.TunnelGUE, lvs.TunnelGRE} {
		if t.String() == name {
			p.real.Tunnel = t
			return nil
		}
	}
	return usage("illegal tunnel type specified")
}

func (p *parser) readTunnelPort(text string) *failure {
	n, ok := number(text, 1, math.MaxUint16)
	if !ok {
		return usage("illegal tunnel port specified")
	}
	p.real.TunnelPort = uint16(n)
	return nil
}

func (p *parser) readCsum(string) *failure {
	p.real.TunnelFlags = lvs.TunnelCsum
	return nil
}

func (p *parser) readRemCsum(string) *failure {
	p.real.TunnelFlags = lvs.TunnelRemCsum
	return nil
}
