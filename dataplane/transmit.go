package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// transmit sends p on its way by the connection's forwarding method: route,
// TTL, MTU, neighbour, and only then the changes. An early return leaves p as it
// was received, for an ICMP error to quote or for another try.
func (w *worker) transmit(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	id := w.hop(f, c, d)
	hop := w.d.router.Hop(id)
	if hop.State == neigh.Local {
		return w.toHost(p, f, c)
	}
	if hop.State < neigh.Pending {
		return w.answer(p, f, icmp.HostUnreachable, w.source(p, f), 0, NoRoute)
	}
	if encap.TTL(p) <= 1 {
		return w.answer(p, f, icmp.TimeExceeded, w.source(p, f), 0, TTLExceeded)
	}
	if segmentSize(p, f) > hop.MTU {
		return w.tooBig(p, f, hop.MTU)
	}
	if hop.State != neigh.Reachable {
		return w.unresolved(p, f, c, id, hop)
	}
	if v := w.rewrite(p, f, c); v != undecided {
		return v
	}
	return address(p, hop)
}

// rewrite does to p what its connection's method asks for.
func (w *worker) rewrite(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	switch {
	case f.related:
		return rewriteRelated(p, f, c)
	case c.Method != lvs.NAT:
		encap.DirectRouting(p)
		return undecided
	case c.Edited() || f.controls(c):
		if v := w.helpFTP(p, f, c); v != undecided {
			return v
		}
	}
	if f.dir == conntrack.In {
		encap.NATRequest(p, f.proto, c.Addr, c.Port)
	} else {
		encap.NATReply(p, f.proto, c.Addr, c.Port)
	}
	return undecided
}

// rewriteRelated translates an ICMP error about a nat connection; about others,
// both sides know the same addresses.
func rewriteRelated(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	encap.DecrementTTL(p)
	if c.Method != lvs.NAT {
		return undecided
	}
	proto := lvs.ICMP
	if !f.tuple.Src.Is4() {
		proto = lvs.ICMPv6
	}
	if !icmp.ChecksumOK(p) {
		return BadChecksum
	}
	q, _ := icmp.Related(p, proto)
	if f.dir == conntrack.In {
		icmp.ToReal(p, &q, c.Addr, c.Port)
	} else {
		icmp.ToClient(p, &q, c.Addr, c.Port)
	}
	return undecided
}

// segmentSize returns the length of the longest packet that p is on a wire.
func segmentSize(p *packet.Packet, f *flow) int {
	if p.GSO.Kind == packet.GSONone {
		return f.size
	}
	headers := int(p.L4-p.L3) + header.UDPSize
	if p.GSO.Kind != packet.GSOUDP {
		headers = int(p.L4-p.L3) + header.TCP(p.Bytes()[p.L4:]).DataOffset()
	}
	return headers + int(p.GSO.Size)
}

// toHost is where packets for the director's own addresses go: replies to a
// client there, and requests to a real server there, which the host gets as they
// came (the kernel's LOCALNODE).
func (w *worker) toHost(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	switch {
	case f.dir == conntrack.Out && w.d.door != nil:
		return w.toLocalClient(p, f, c)
	case f.dir == conntrack.In && w.d.host != nil && w.snap.roles.of(f.tuple.Dst)&roleUnheld == 0:
		return Local
	}
	return w.answer(p, f, icmp.HostUnreachable, w.source(p, f), 0, NoRoute)
}

// toLocalClient sends a reply to a client on the director itself.
func (w *worker) toLocalClient(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	if v := w.rewrite(p, f, c); v != undecided {
		return v
	}
	mac := w.d.door.MAC()
	e := header.Ethernet(p.Bytes())
	e.SetDst(mac)
	e.SetSrc(mac)
	p.Out = w.d.doorPort()
	return Forward
}

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

// tooBig drops a packet that is longer than mtu, and says so to its sender where
// he can do something about it.
func (w *worker) tooBig(p *packet.Packet, f *flow, mtu int) Verdict {
	if ip := p.Bytes()[p.L3:]; ip[0]>>4 == 4 && !header.IPv4(ip).DontFragment() {
		return TooBig
	}
	return w.answer(p, f, icmp.TooBig, w.source(p, f), mtu, TooBig)
}

// source returns the address that an error about p comes from: the service's,
// which the client knows, or the director's own towards a real server.
func (w *worker) source(p *packet.Packet, f *flow) lvs.Addr {
	if f.dir == conntrack.In {
		return f.tuple.Dst
	}
	return w.d.router.Hop(w.d.router.Route(f.tuple.Src)).Source
}

// answer turns p into an ICMP error about itself, if one may be sent, and
// returns v. The error goes where p came from: out of the port that received it,
// to the station that sent it.
func (w *worker) answer(p *packet.Packet, f *flow, k icmp.Kind, src lvs.Addr, mtu int, v Verdict) Verdict {
	if f.related || src.IsZero() || !icmp.Answerable(p, f.proto) || !w.limit.Allow(w.clock) {
		return v
	}
	if !icmp.Make(p, k, src, mtu) {
		return NoHeadroom
	}
	reflect(p)
	return v
}
