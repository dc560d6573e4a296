package realserver

import (
	"net/netip"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A door is one way for tunnelled packets to come in: a protocol over a family.
type door struct {
	kind  lvs.TunnelType
	proto uint8 // in the outer IP header
	v6    bool  // family of that
}

// doors returns the ways by which packets for the virtual addresses come. The
// outer family is the director's to choose.
func (o *options) doors() (doors []door) {
	for _, v6 := range []bool{false, true} {
		for _, kind := range o.types {
			switch kind {
			case lvs.TunnelIPIP:
				doors = append(doors, o.plainDoors(v6)...)
			case lvs.TunnelGRE:
				doors = append(doors, door{kind, header.ProtoGRE, v6})
			case lvs.TunnelGUE:
				doors = append(doors, door{kind, header.ProtoUDP, v6})
			}
		}
	}
	return doors
}

// plainDoors returns those of packets with an IP header around them and nothing
// else, which have a protocol for each inner family.
func (o *options) plainDoors(v6 bool) (doors []door) {
	if o.has(netip.Addr.Is4) {
		doors = append(doors, door{lvs.TunnelIPIP, header.ProtoIPIP, v6})
	}
	if o.has(netip.Addr.Is6) {
		doors = append(doors, door{lvs.TunnelIPIP, header.ProtoIPv6, v6})
	}
	return doors
}

// String returns the tunnel's type, for ipip with the inner family, and the
// outer family.
func (d door) String() string {
	s := d.kind.String()
	switch d.proto {
	case header.ProtoIPIP:
		s += ", IPv4"
	case header.ProtoIPv6:
		s += ", IPv6"
	}
	if d.v6 {
		return s + " over IPv6"
	}
	return s + " over IPv4"
}
