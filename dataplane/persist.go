package dataplane

import (
	"xlvs/conntrack"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// schedulePersistent begins a connection of a persistent service: the client's
// template says which real server gets it, or one is made (ip_vs_sched_persist).
func (w *worker) schedulePersistent(p *packet.Packet, f *flow, c *conntrack.Conn, s *service) Verdict {
	k := s.templateKey(&f.tuple)
	if s.engine == sipEngine {
		if k.Data = callID(p, f); k.Data == "" {
			return NoCallID
		}
	}
	var t conntrack.Template
	if !w.findTemplate(&t, &k) {
		id, ok := s.scheduler.Pick(&f.tuple)
		if !ok {
			return w.leave(p, f, c, s)
		}
		if !w.insertTemplate(&t, &k, w.destination(id), s) {
			return TableFull
		}
	}
	d := w.destination(t.Dest)
	n := conntrack.Connection{
		Tuple: f.tuple, Real: d.addr, Port: s.port(d, f.tuple.DstPort), Dest: d.id, Method: d.method, Parent: t.AsParent(),
	}
	v := w.enter(p, f, c, s, &n)
	w.d.table.RefreshTemplate(&t, w.now)
	return v
}

// templateKey returns who the client of a packet is to s, and what it wants to
// have the same real server for: one port, every port of an address, or a mark.
func (s *service) templateKey(tu *lvs.Tuple) conntrack.TemplateKey {
	k := conntrack.TemplateKey{Proto: tu.Proto, Client: masked(tu.Src, s.maskBits), Virtual: tu.Dst}
	switch {
	case s.own(tu.DstPort) && tu.DstPort != ftpControl:
		k.Port = tu.DstPort
	case s.key.Mark != 0:
		k.Proto, k.Virtual = lvs.IP, markAddr(s.key.Mark, tu.Dst.Is4())
	}
	return k
}

// markAddr returns the address under which the kernel keeps the templates of a
// firewall mark: mark 5 is 0.0.0.5, or 0:5::.
func markAddr(mark uint32, v4 bool) lvs.Addr {
	if v4 {
		return lvs.Addr4(mark)
	}
	return lvs.Addr{Hi: uint64(mark) << 32}
}

// masked returns the first bits of a, of 32 or 128.
func masked(a lvs.Addr, bits int) lvs.Addr {
	if a.Is4() {
		return lvs.Addr4(a.V4() & ^(1<<(32-bits) - 1))
	}
	hi, lo := min(bits, 64), max(bits-64, 0)
	return lvs.Addr{Hi: a.Hi & ^(^uint64(0) >> hi), Lo: a.Lo & ^(^uint64(0) >> lo)}
}

// findTemplate finds the template of k, if its real server may have more of its
// client's connections. Weight 0 and thresholds do not count here, unless
// expire_quiescent_template says so.
func (w *worker) findTemplate(t *conntrack.Template, k *conntrack.TemplateKey) bool {
	if !w.d.table.FindTemplate(t, k) {
		return false
	}
	d := w.destination(t.Dest)
	if d.removed.Load() || w.snap.sysctl.ExpireQuiescentTemplate != 0 && d.weight.Load() == 0 {
		w.d.table.InvalidateTemplate(t)
		return false
	}
	return true
}

// insertTemplate makes the template of k, for d unless another worker was faster.
func (w *worker) insertTemplate(t *conntrack.Template, k *conntrack.TemplateKey, d *destination, s *service) bool {
	n := conntrack.Connection{Real: d.addr, Dest: d.id, Method: d.method, Timeout: s.persistence, OnePacket: s.onePacket}
	if k.Port != 0 {
		n.Port = d.key.Port
	}
	return w.d.table.InsertTemplate(t, k, &n, w.now)
}
