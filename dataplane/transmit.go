package dataplane

import (
	"xlvs/config"
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
// was received, for an ICMP error to quote or for another try; but for the TTL in
// errors that the kernel sends when it has taken a hop off already.
func (w *worker) transmit(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	id := w.hop(f, c, d)
	hop := w.d.router.Hop(id)
	if hop.State == neigh.Local {
		return w.toHost(p, f, c, d, hop)
	}
	if hop.State < neigh.Pending {
		return w.answer(p, f, icmp.HostUnreachable, w.source(p, f), 0, NoRoute)
	}
	if encap.TTL(p) <= 1 {
		return w.answer(p, f, icmp.TimeExceeded, w.source(p, f), 0, TTLExceeded)
	}
	if mtu := w.room(p, f, c, d, hop); segmentSize(p, f) > mtu && !w.mayFragment(p, f, c, d) {
		if f.dir == conntrack.In { // of a reply, whoever forwards it looks at the length first
			encap.DecrementTTL(p)
		}
		return w.answer(p, f, icmp.TooBig, w.source(p, f), mtu, TooBig)
	}
	if hop.State != neigh.Reachable {
		return w.unresolved(p, f, c, id, hop)
	}
	return w.forward(p, f, c, d, hop)
}

// forward changes p and addresses it to the next hop. If p has to leave in pieces
// these are on their way then, and p itself goes nowhere.
func (w *worker) forward(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	if p.GSO.Kind == packet.GSOUDP && d.client == config.ProxyV2 && f.dir == conntrack.In {
		return w.forwardSegments(p, f, c, d, hop) // each datagram is introduced
	}
	if tunnels(f, c, d) {
		if p.GSO.Kind != packet.GSONone {
			return w.forwardSegments(p, f, c, d, hop)
		}
		if mtu := w.room(p, f, c, d, hop); f.size > mtu && !d.addr.Is4() {
			return w.forwardFragments(p, f, c, d, hop, mtu)
		}
	}
	if to6(p, f, c) && p.GSO.Kind == packet.GSONone && f.size > hop.MTU-translationRoom(p, f, c) {
		return w.forwardAcross(p, f, c, d, hop)
	}
	if v := w.rewrite(p, f, c, d, hop); v != undecided {
		return v
	}
	if len(p.Bytes())-int(p.L3) > hop.MTU && p.GSO.Kind == packet.GSONone {
		return w.fragment(p, hop)
	}
	return address(p, hop)
}

// tunnels reports whether packets of c in the direction of f leave in a tunnel.
func tunnels(f *flow, c *conntrack.Conn, d *destination) bool {
	return c.Method == lvs.Tunnel && f.dir == conntrack.In && d.tunnel != nil
}

// room returns how long a packet may be on its way to hop: in a tunnel, less by
// the outer headers, and no longer than the way is known to take; between the IP
// versions, less by the difference of their headers.
func (w *worker) room(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) int {
	if !tunnels(f, c, d) {
		return hop.MTU - translationRoom(p, f, c) - d.insertion(f)
	}
	return min(hop.MTU, d.path.mtu(w.now)) - d.tunnel.Overhead(p)
}

// mayFragment reports whether a packet that is too long may leave in fragments:
// over IPv4, where its sender has not forbidden it. Without pmtu_disc a tunnel
// over IPv4 does not ask.
func (w *worker) mayFragment(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) bool {
	ip, tunnel := p.Bytes()[p.L3:], tunnels(f, c, d)
	if ip[0]>>4 != 4 || p.GSO.Kind != packet.GSONone && !tunnel {
		return false
	}
	return !header.IPv4(ip).DontFragment() || tunnel && w.snap.sysctl.PMTUDisc == 0 && d.addr.Is4()
}

// segmentSize returns the length of the longest packet that p is on a wire.
func segmentSize(p *packet.Packet, f *flow) int {
	if p.GSO.Kind == packet.GSONone {
		return f.size
	}
	return superSegment(p)
}

// superSegment is segmentSize for a super-frame.
func superSegment(p *packet.Packet) int {
	headers := int(p.L4-p.L3) + header.UDPSize
	if p.GSO.Kind != packet.GSOUDP {
		headers = int(p.L4-p.L3) + header.TCP(p.Bytes()[p.L4:]).DataOffset()
	}
	return headers + int(p.GSO.Size)
}

// toHost is where packets for the director's own addresses go: replies to a
// client there, and requests to a real server there, which the host gets as they
// came (the kernel's LOCALNODE).
func (w *worker) toHost(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	switch {
	case f.dir == conntrack.Out && w.d.door != nil:
		return w.toLocalClient(p, f, c, d, hop)
	case f.dir == conntrack.In && w.d.host != nil && w.snap.roles.of(f.tuple.Dst)&roleUnheld == 0:
		return Local
	}
	return w.answer(p, f, icmp.HostUnreachable, w.source(p, f), 0, NoRoute)
}

// toLocalClient sends a reply to a client on the director itself.
func (w *worker) toLocalClient(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, hop *neigh.Hop) Verdict {
	if v := w.rewrite(p, f, c, d, hop); v != undecided {
		return v
	}
	if p.L3 != header.EthernetSize && !tag(p, &neigh.Tags{}) {
		return NoHeadroom
	}
	mac := w.d.door.MAC()
	e := header.Ethernet(p.Bytes())
	e.SetDst(mac)
	e.SetSrc(mac)
	p.Out = w.d.doorPort()
	return Forward
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
// to the station that sent it. Those that path MTU discovery waits for are sent
// however many they are, as by the kernel.
func (w *worker) answer(p *packet.Packet, f *flow, k icmp.Kind, src lvs.Addr, n int, v Verdict) Verdict {
	if f.related || src.IsZero() || !icmp.Answerable(p, f.proto) || k != icmp.TooBig && !w.limit.Allow(w.clock) {
		return v
	}
	if !icmp.Make(p, k, src, n) {
		return NoHeadroom
	}
	reflect(p)
	w.countAnswer(p, f, v)
	return v
}

// countAnswer counts an error about a request as the kernel does, whose own errors
// pass ip_vs: as a reply, where what it quotes is what a reply would answer. NAT's
// requests are quoted as they came, which no real server of theirs has seen, unless
// they had left already.
func (w *worker) countAnswer(p *packet.Packet, f *flow, v Verdict) {
	if f.dest == 0 || f.once || f.dir == conntrack.Out {
		return
	}
	d := w.destination(f.dest)
	if translates(d.method) && (v != NoNeighbor || d.method != lvs.NAT) || d.removed.Load() {
		return
	}
	t := w.tally.at(d.id)
	t.OutPkts++
	t.OutBytes += uint64(len(p.Bytes()) - int(p.L3))
}
