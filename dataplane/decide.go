package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// decide takes one packet to its verdict: connection first, then service.
func (w *worker) decide(p *packet.Packet, f *flow) Verdict {
	switch {
	case f.verdict != undecided:
		return w.decideOdd(p, f)
	case f.piece:
		return w.decidePiece(p, f)
	}
	var c conntrack.Conn
	d, v := w.connect(p, f, &c)
	if v != undecided {
		return v
	}
	return w.transmit(p, f, &c, d)
}

// connect finds the connection of a packet, or begins it, and takes it one step
// on. It returns undecided when c is that connection and d its destination.
func (w *worker) connect(p *packet.Packet, f *flow, c *conntrack.Conn) (d *destination, v Verdict) {
	ok := w.d.table.Find(c, &f.key, &f.tuple) || f.both && w.findRequest(c, f)
	if ok && f.dir == conntrack.In {
		ok = w.stands(f, c)
	}
	if !ok {
		v := w.admit(p, f, c)
		w.bury()
		switch v {
		case undecided:
			f.once = c.OnePacket()
		case NotOurs:
			return nil, w.stray(p, f)
		default:
			return nil, v
		}
	}
	f.dest = c.Dest
	w.edited = w.edited || c.Edited()
	d = w.destination(c.Dest)
	switch {
	case f.dir == conntrack.In && d.removed.Load() && !f.related:
		return nil, DestinationGone // as with expire_nodest_conn=0
	case f.dir == conntrack.Out && encap.TTL(p) <= 1 && w.passes(f):
		return nil, w.answer(p, f, icmp.TimeExceeded, w.source(p, f), 0, TTLExceeded)
	case f.related && translates(c.Method) && !icmp.ChecksumOK(p):
		return nil, BadChecksum
	}
	w.count(d, f)
	if !f.related {
		w.d.table.Step(c, f.dir, f.event, w.now)
	}
	return d, undecided
}

// translates reports whether the two sides of a connection know it by different
// addresses, so that an ICMP error has to be translated.
func translates(m lvs.Method) bool { return m == lvs.NAT || m == lvs.FullNAT }

// findRequest looks for a request where the packet could have been a reply, and
// was not.
func (w *worker) findRequest(c *conntrack.Conn, f *flow) bool {
	f.dir = conntrack.In
	w.d.table.Key(&f.key, &f.tuple, f.dir)
	return w.d.table.Find(c, &f.key, &f.tuple)
}

// stands reports whether connection c, to which the client has sent a packet,
// goes on. It is forgotten if the client has used its port again, or if its real
// server is gone and expire_nodest_conn says not to wait (ip_vs_in).
func (w *worker) stands(f *flow, c *conntrack.Conn) bool {
	if c.NoClientPort() && !f.related && !w.d.table.Claim(c, &f.tuple) {
		return w.d.table.Find(c, &f.key, &f.tuple) && !c.NoClientPort()
	}
	sysctl := &w.snap.sysctl
	if f.opens && f.tuple.Proto != lvs.UDP {
		quiesced := sysctl.ExpireNodestConn != 0 && c.Dest != 0 && w.destination(c.Dest).weight.Load() == 0
		if quiesced || sysctl.ConnReuseMode != 0 && c.Reusable(sysctl.ConnReuseMode) {
			f.dest = c.Dest // which an error counts for, if there is no other
			w.linger(c)
			return false
		}
	}
	if sysctl.ExpireNodestConn != 0 && !f.related && w.destination(c.Dest).removed.Load() {
		w.d.table.Expire(c)
		return false
	}
	return true
}

// linger has nobody find c any more, which counts on while its successor is scheduled:
// the kernel expires it by a timer, and that fires after the packet.
func (w *worker) linger(c *conntrack.Conn) {
	if c.Method == lvs.FullNAT { // whose local port the successor may need
		w.d.table.Expire(c)
		return
	}
	w.d.table.Hide(c)
	w.former, w.lingers = *c, true
}

// bury expires the connection that lingers, if one does.
func (w *worker) bury() {
	if w.lingers {
		w.d.table.Expire(&w.former)
		w.lingers = false
	}
}

// destination returns destination id, of a connection or as a scheduler has
// picked it. It may have been added after this batch began, by which time a newer
// snapshot was there.
func (w *worker) destination(id lvs.DestID) *destination {
	d := w.snap.destination(id)
	if d == nil {
		w.snap = w.d.snapshot.Load()
		d = w.snap.destination(id)
	}
	return d
}

// count counts the packet, unless its destination was removed or is none. As in
// the kernel it counts whether or not the packet can be sent afterwards.
func (w *worker) count(d *destination, f *flow) {
	if d.removed.Load() || d.id == 0 {
		return
	}
	t := w.tally.at(d.id)
	if f.dir == conntrack.In {
		t.InPkts++
		t.InBytes += uint64(f.size)
	} else {
		t.OutPkts++
		t.OutBytes += uint64(f.size)
	}
}

// hop returns where the packet goes next: towards the real server, which is
// remembered with the destination, or towards the client, with the connection.
func (w *worker) hop(f *flow, c *conntrack.Conn, d *destination) neigh.HopID {
	id := neigh.HopID(c.Hop)
	if f.dir == conntrack.In {
		id = neigh.HopID(d.hop.Load())
	}
	if id.Stale(w.epoch) {
		id = w.route(f, c, d)
	}
	return id
}

// route looks up the next hop and remembers it. That of a connection without a
// real server is another for each.
func (w *worker) route(f *flow, c *conntrack.Conn, d *destination) neigh.HopID {
	if f.dir == conntrack.Out {
		id := w.d.router.Route(clientOf(f, c))
		w.d.table.SetHop(c, uint32(id))
		return id
	}
	if d.id == 0 {
		return w.d.router.Route(f.tuple.Dst)
	}
	id := w.d.router.Route(d.addr)
	w.d.router.Keep(id)
	d.hop.Store(uint32(id))
	return id
}
