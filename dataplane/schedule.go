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

// admit begins the connection whose first packet is p. It returns undecided when
// c is that connection, and NotOurs when p begins none.
func (w *worker) admit(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	if f.dir == conntrack.Out || f.both {
		if v := w.unexpected(p, f, c); v != NotOurs || !f.both {
			return v
		}
		f.dir = conntrack.In
	}
	if !w.mayOpen(f) {
		return NotOurs
	}
	mark := w.snap.marks.Mark(&f.tuple, p.In)
	s := w.snap.services.find(&f.tuple, mark)
	switch {
	case s == nil:
		return NotOurs
	case w.d.defence.DropPacket():
		return Defended
	case f.tuple.SrcPort == ftpData:
		return NotOurs // of active FTP under direct routing; IPVS never schedules it
	case s.persistence != 0:
		return w.schedulePersistent(p, f, c, s)
	case s.key.Mark == 0 && s.key.Port != f.tuple.DstPort:
		return w.leave(p, f, c, s)
	}
	return w.schedule(p, f, c, s)
}

// mayOpen reports whether the packet is one that may begin a connection. What
// the sloppy sysctls add are packets in the middle of one, whose beginning
// another director has seen.
func (w *worker) mayOpen(f *flow) bool {
	sysctl := &w.snap.sysctl
	switch {
	case f.related:
		return sysctl.ScheduleICMP != 0
	case f.opens:
		return true
	case f.tuple.Proto == lvs.TCP:
		return sysctl.SloppyTCP != 0 && !f.resets()
	case f.tuple.Proto == lvs.SCTP:
		return sysctl.SloppySCTP != 0 && !f.resets()
	}
	return false
}

// schedule begins a connection of a service without persistence.
func (w *worker) schedule(p *packet.Packet, f *flow, c *conntrack.Conn, s *service) Verdict {
	id, ok := s.scheduler.Pick(&f.tuple)
	if !ok {
		return w.leave(p, f, c, s)
	}
	d := w.destination(id)
	n := conntrack.Connection{Tuple: f.tuple, Real: d.addr, Port: s.port(d, f.tuple.DstPort), Dest: id, Method: d.method}
	return w.enter(p, f, c, s, &n)
}

// enter puts a scheduled connection into the table and counts it.
func (w *worker) enter(p *packet.Packet, f *flow, c *conntrack.Conn, s *service, n *conntrack.Connection) Verdict {
	n.Locals = s.locals
	if n.Method == lvs.FullNAT && f.proto == lvs.TCP && !f.related {
		n.Seq = header.TCP(p.Bytes()[p.L4:]).Seq()
	}
	switch o := w.insert(c, s, n); {
	case o == conntrack.Known:
		return undecided // another worker has counted it
	case !o.OK():
		return refusal(o)
	}
	if p.In == w.d.doorPort() && n.Method == lvs.NAT {
		w.d.addClient(f.tuple)
	}
	w.tally.at(n.Dest).Conns++
	return undecided
}

// insert makes c the connection n of s. Datagrams of a one-packet service have one
// each, which nobody finds again.
func (w *worker) insert(c *conntrack.Conn, s *service, n *conntrack.Connection) conntrack.Outcome {
	if s.onePacket && n.Tuple.Proto == lvs.UDP {
		w.d.table.OnePacket(c, n)
		return conntrack.Entered
	}
	w.supersede(n)
	return w.d.table.Insert(c, n, w.now)
}

// refusal returns the verdict about a packet whose connection the table has not
// taken.
func refusal(o conntrack.Outcome) Verdict {
	if o == conntrack.NoLocalPort {
		return NoLocalPort
	}
	return TableFull
}

// supersede forgets the connection whose replies nobody could tell from those of
// n: the client has used its port again, for another service with the same real
// server. The kernel keeps both, and finds the latest first.
func (w *worker) supersede(n *conntrack.Connection) {
	if n.Method != lvs.NAT {
		return
	}
	reply := lvs.Tuple{Src: n.Real, SrcPort: n.Port, Dst: n.Tuple.Src, DstPort: n.Tuple.SrcPort, Proto: n.Tuple.Proto}
	var k conntrack.Key
	var former conntrack.Conn
	w.d.table.Key(&k, &reply, conntrack.Out)
	if !w.d.table.Find(&former, &k, &reply) {
		return
	}
	if former.Addr == n.Tuple.Dst && former.Port == n.Tuple.DstPort && !former.NoClientPort() {
		return // n itself: another worker was faster
	}
	w.d.table.Expire(&former)
}

// leave is the end of a packet that no real server may get (ip_vs_leave): it
// goes where it wanted to go if the director is a transparent cache's, to the
// host if only the FTP rule brought it here, and back to its sender otherwise.
func (w *worker) leave(p *packet.Packet, f *flow, c *conntrack.Conn, s *service) Verdict {
	if w.snap.sysctl.CacheBypass != 0 && s.key.Mark != 0 && !f.related && w.elsewhere(f.tuple.Dst) {
		n := conntrack.Connection{Tuple: f.tuple, Method: lvs.Bypass}
		if o := w.insert(c, s, &n); !o.OK() {
			return refusal(o)
		}
		return undecided
	}
	if s.own(ftpControl) && f.tuple.DstPort != ftpControl {
		return NotOurs
	}
	return w.answer(p, f, icmp.PortUnreachable, f.tuple.Dst, 0, NoDestination)
}

// elsewhere reports whether a is the unicast address of another host.
func (w *worker) elsewhere(a lvs.Addr) bool {
	n := a.Netip()
	return n.IsGlobalUnicast() && w.d.router.Hop(w.d.router.Route(a)).State > neigh.Local
}

// unexpected is for packets from a real server, or from a service's address,
// that belong to no connection.
func (w *worker) unexpected(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	f.dir = conntrack.Out
	if f.related || f.proto != f.tuple.Proto { // IPsec
		return NotOurs
	}
	if f.proto == lvs.UDP && w.callBack(p, f, c) {
		return undecided
	}
	from := serviceKey{f.tuple.Src, f.tuple.SrcPort, f.tuple.Proto}
	if _, ok := w.snap.natSources.get(from); !ok || w.snap.sysctl.NATICMPSend == 0 || f.resets() {
		return NotOurs
	}
	if !f.both && w.passes(f) { // and would have lost a hop by now
		if encap.TTL(p) <= 1 {
			return w.answer(p, f, icmp.TimeExceeded, w.source(p, f), 0, TTLExceeded)
		}
		encap.DecrementTTL(p)
	}
	return w.answer(p, f, icmp.PortUnreachable, w.source(p, f), 0, NoConnection)
}

// passes reports whether a packet goes through the director, to another host. The
// kernel forwards such a packet first, and then asks ip_vs.
func (w *worker) passes(f *flow) bool {
	return w.d.router.Hop(w.d.router.Route(f.tuple.Dst)).State != neigh.Local
}

// resets reports whether the packet says above all that there is no connection,
// so that it begins none and its sender wants no answer.
func (f *flow) resets() bool {
	return f.tuple.Proto == lvs.TCP && f.event == conntrack.EventRST || f.aborts
}
