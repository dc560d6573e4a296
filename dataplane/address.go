package dataplane

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
)

// address makes p a frame for the next hop: its stations, its VLAN, or no frame
// at all where the link has none.
func address(p *packet.Packet, hop *neigh.Hop) Verdict {
	p.Out = hop.Port
	if hop.Raw {
		p.Pull(int(p.L3))
		return Forward
	}
	if hop.Tags.N != 0 || p.L3 != header.EthernetSize {
		if !tag(p, &hop.Tags) {
			p.Out = packet.NoPort
			return NoHeadroom
		}
	}
	e := header.Ethernet(p.Bytes())
	e.SetDst(hop.Dst)
	e.SetSrc(hop.Src)
	return Forward
}

// tag gives p the VLAN tags of a hop in the place of its own. It reports false if
// p has no room for them.
func tag(p *packet.Packet, tags *neigh.Tags) bool {
	typ := be16(p.Bytes()[p.L3-2:])
	p.Pull(int(p.L3))
	size := header.EthernetSize + int(tags.N)*header.VLANSize
	if p.Push(size) == nil {
		return false
	}
	p.L3 = uint16(size)
	e := header.Ethernet(p.Bytes())
	e.SetType(typ)
	for i := int(tags.N) - 1; i >= 0; i-- {
		v := header.VLAN(e[header.EthernetSize+i*header.VLANSize:])
		v.SetTCI(tags.ID[i])
		v.SetType(typ)
		typ = header.TypeVLAN
		if i == 0 && tags.QinQ {
			typ = header.TypeQinQ
		}
		e.SetType(typ)
	}
	return true
}
