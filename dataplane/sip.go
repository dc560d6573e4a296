package dataplane

import (
	"xlvs/conntrack"
	"xlvs/conntrack/sip"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// sipEngine is the persistence engine that goes by SIP's Call-ID
// (ip_vs_pe_sip): all of one call has one real server.
const sipEngine = "sip"

// callID returns the Call-ID of a SIP message over UDP, "" if p is none.
func callID(p *packet.Packet, f *flow) string {
	if f.proto != lvs.UDP {
		return ""
	}
	id, ok := sip.CallID(p.Bytes()[int(p.L4)+header.UDPSize:])
	if !ok {
		return ""
	}
	return string(id)
}

// callBack begins the connection of a call that a real server makes: its SIP
// message leaves with the service's address, so that the answer comes back to
// it. It reports false if p is no such message.
func (w *worker) callBack(p *packet.Packet, f *flow, c *conntrack.Conn) bool {
	from, ok := w.snap.natSources.get(serviceKey{f.tuple.Src, f.tuple.SrcPort, f.tuple.Proto})
	if !ok || from.service.engine != sipEngine || from.service.key.Mark != 0 || from.service.key.Port == 0 {
		return false
	}
	id := callID(p, f)
	if id == "" {
		return false
	}
	s, d := from.service, from.destination
	answer := lvs.Tuple{
		Src: f.tuple.Dst, SrcPort: f.tuple.DstPort,
		Dst: lvs.AddrFrom(s.key.VIP), DstPort: s.key.Port, Proto: lvs.UDP,
	}
	k := s.templateKey(&answer)
	k.Data = id
	var t conntrack.Template
	found := w.findTemplate(&t, &k)
	if found && t.Dest != d.id {
		w.d.table.InvalidateTemplate(&t) // the call has gone over to d
		found = false
	}
	if !found && !w.insertTemplate(&t, &k, d, s) {
		return false
	}
	w.forget(&answer) // what the peer has with another real server would hide it
	n := conntrack.Connection{Tuple: answer, Real: d.addr, Port: d.key.Port, Dest: d.id, Method: d.method, Parent: t.AsParent()}
	if !w.insert(c, s, &n).OK() {
		return false
	}
	if s.onePacket {
		c.Addr, c.Port = answer.Dst, answer.DstPort // as Find has them for a reply
	} else if w.d.table.Key(&f.key, &f.tuple, f.dir); !w.d.table.Find(c, &f.key, &f.tuple) {
		return false
	}
	w.d.table.RefreshTemplate(&t, w.now)
	w.tally.at(d.id).Conns++
	return true
}

// forget ends the connection of a client that sends packets addressed as tu, if
// there is one.
func (w *worker) forget(tu *lvs.Tuple) {
	var k conntrack.Key
	var c conntrack.Conn
	w.d.table.Key(&k, tu, conntrack.In)
	if w.d.table.Find(&c, &k, tu) {
		w.d.table.Expire(&c)
	}
}
