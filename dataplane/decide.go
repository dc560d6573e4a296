package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// decide takes one packet to its verdict: connection first, then service.
func (w *worker) decide(p *packet.Packet, f *flow) Verdict {
	if f.verdict != undecided {
		if f.verdict == NotOurs {
			return w.stray(p, f)
		}
		return f.verdict
	}
	var c conntrack.Conn
	ok := w.d.table.Find(&c, &f.key, &f.tuple) || f.both && w.findRequest(&c, f)
	if ok && f.opens && f.dir == conntrack.In && c.Reusable() {
		w.d.table.Expire(&c)
		ok = false
	}
	if !ok {
		switch v := w.schedule(p, f, &c); v {
		case undecided:
		case NotOurs:
			return w.stray(p, f)
		default:
			return v
		}
	}
	d := w.destination(&c)
	if f.dir == conntrack.In && d.removed.Load() {
		return DestinationGone // as with expire_nodest_conn=0
	}
	w.count(d, f)
	if !f.related {
		w.d.table.Step(&c, f.dir, f.event, w.now)
	}
	return w.transmit(p, f, &c, d)
}

// findRequest looks for a request where the packet could have been a reply, and
// was not.
func (w *worker) findRequest(c *conntrack.Conn, f *flow) bool {
	f.dir = conntrack.In
	w.d.table.Key(&f.key, &f.tuple, f.dir)
	return w.d.table.Find(c, &f.key, &f.tuple)
}

// ftpData is the source port of active FTP's data connections, which IPVS never
// schedules.
const ftpData = 20

// schedule begins the connection whose first packet is p. It returns undecided
// when c is that connection.
func (w *worker) schedule(p *packet.Packet, f *flow, c *conntrack.Conn) Verdict {
	if !f.opens || f.related || f.dir != conntrack.In || f.tuple.SrcPort == ftpData {
		return NotOurs
	}
	s := w.snap.services[serviceKey{f.tuple.Dst, f.tuple.DstPort, f.tuple.Proto}]
	if s == nil {
		return NotOurs
	}
	id, ok := s.scheduler.Pick(&f.tuple)
	if !ok {
		return w.answer(p, f, icmp.PortUnreachable, f.tuple.Dst, 0, NoDestination)
	}
	c.Dest = id
	d := w.destination(c)
	n := conntrack.Connection{Tuple: f.tuple, Real: d.addr, Port: d.key.Port, Dest: id, Method: d.method}
	if !w.d.table.Insert(c, &n, w.now) {
		return TableFull
	}
	if p.In == w.d.doorPort() && d.method == lvs.NAT {
		w.d.addClient(f.tuple)
	}
	w.tally.at(id).Conns++
	return undecided
}

// destination returns the destination of c. It may have been added after this
// batch began, by which time a newer snapshot was there.
func (w *worker) destination(c *conntrack.Conn) *destination {
	d := w.snap.destination(c.Dest)
	if d == nil {
		w.snap = w.d.snapshot.Load()
		d = w.snap.destination(c.Dest)
	}
	return d
}

// count counts the packet, unless its destination was removed. As in the kernel
// it counts whether or not the packet can be sent afterwards.
func (w *worker) count(d *destination, f *flow) {
	if d.removed.Load() {
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

// route looks up the next hop and remembers it.
func (w *worker) route(f *flow, c *conntrack.Conn, d *destination) neigh.HopID {
	if f.dir == conntrack.Out {
		id := w.d.router.Route(f.tuple.Dst)
		w.d.table.SetHop(c, uint32(id))
		return id
	}
	id := w.d.router.Route(d.addr)
	w.d.router.Keep(id)
	d.hop.Store(uint32(id))
	return id
}
