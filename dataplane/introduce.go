package dataplane

import (
	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// A segmentView is what the director needs to know of a TCP segment as it came in.
type segmentView struct {
	seq, ack uint32
	flags    header.TCPFlags
	payload  int // bytes
}

func viewSegment(p *packet.Packet) segmentView {
	h := header.TCP(p.Bytes()[p.L4:])
	return segmentView{h.Seq(), h.Ack(), h.Flags(), len(h) - h.DataOffset()}
}

func (s *segmentView) is(flags, of header.TCPFlags) bool { return s.flags&of == flags }

// firstFlags are those that tell a connection's first segments from others.
const firstFlags = header.FlagSYN | header.FlagACK | header.FlagRST

// edit does to a packet between client and real server what has to be done to
// more than its addresses: it mends sequence numbers, tells the real server who
// its client is, keeps segments short enough for that, and translates what FTP
// says. It is called only if d.edits, or if one of the others is the case.
func (w *worker) edit(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	if f.proto == lvs.UDP {
		return introduceDatagram(p, f, d)
	}
	s := viewSegment(p)
	in, out, edited := w.d.table.Deltas(c)
	if edited {
		mend(p, f.dir, &in, &out)
		w.noteEnd(f, c, &s, &in)
	}
	if d.edits {
		if v := w.introduce(p, f, c, d, &s, &in, &out); v != undecided {
			return v
		}
	}
	if c.Method == lvs.NAT && f.controls(c) {
		return w.helpFTP(p, f, c, s.seq, edited && s.seq == out.InitSeq)
	}
	return undecided
}

// introduce tells the real server of a TCP connection who its client is. By PROXY
// protocol that stands before the client's first byte, whose place in the stream
// the SYN tells. TOA is an option of the SYN and of what completes the handshake:
// segments that acknowledge the real server's SYN and nothing more, as DPVS has
// it. Where there is no room for it a segment goes without.
func (w *worker) introduce(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination, s *segmentView, in, out *conntrack.Delta) Verdict {
	client := f.tuple.Src
	if f.dir == conntrack.Out {
		client = f.tuple.Dst
		if c.Method == lvs.FullNAT {
			client = c.Peer
		}
	}
	switch {
	case s.is(header.FlagSYN, firstFlags) && f.dir == conntrack.In:
		w.clampMSS(p, d, d.hopOf(w), 0)
		if d.client == config.ProxyV2 && in.InitSeq != s.seq+1 {
			w.d.table.Resize(c, conntrack.In, s.seq+1, encap.ProxyV2Size(client))
		}
		if d.client == config.TOA {
			encap.InsertTOA(p, f.tuple.Src, f.tuple.SrcPort)
		}
	case s.is(header.FlagSYN|header.FlagACK, firstFlags) && f.dir == conntrack.Out:
		w.clampMSS(p, d, d.hopOf(w), d.introduction(client))
		if d.client == config.TOA && out.InitSeq != s.seq+1 {
			w.d.table.Resize(c, conntrack.Out, s.seq+1, 0)
		}
	case f.dir == conntrack.Out:
	case d.client == config.ProxyV2 && s.payload > 0 && s.seq == in.InitSeq:
		return insertProxy(p, f)
	case d.client == config.TOA && s.ack == out.InitSeq && s.is(header.FlagACK, firstFlags):
		encap.InsertTOA(p, f.tuple.Src, f.tuple.SrcPort)
	}
	return undecided
}

// introduction returns by how much the director makes a client's segments longer.
func (d *destination) introduction(client lvs.Addr) int {
	switch d.client {
	case config.ProxyV2:
		return encap.ProxyV2Size(client)
	case config.TOA:
		return encap.TOASize(client)
	}
	return 0
}

// introduceDatagram puts the PROXY protocol's header into every datagram of a
// client.
func introduceDatagram(p *packet.Packet, f *flow, d *destination) Verdict {
	if d.client != config.ProxyV2 || f.dir != conntrack.In {
		return undecided
	}
	return insertProxy(p, f)
}

func insertProxy(p *packet.Packet, f *flow) Verdict {
	var text [encap.MaxProxyV2]byte
	t := &f.tuple
	if !encap.InsertProxy(p, encap.AppendProxyV2(text[:0], t.Proto, t.Src, t.SrcPort, t.Dst, t.DstPort)) {
		return NoHeadroom
	}
	return undecided
}

// clampMSS has the two ends of a connection send segments that fit the way to the
// real server, also when they have become longer by extra bytes.
func (w *worker) clampMSS(p *packet.Packet, d *destination, hop *neigh.Hop, extra int) {
	if hop.State < neigh.Pending || !d.clamp && extra == 0 {
		return
	}
	headers := header.IPv4Size + header.TCPSize
	if !d.addr.Is4() || p.Bytes()[p.L3]>>4 == 6 {
		headers = header.IPv6Size + header.TCPSize
	}
	mtu := min(hop.MTU, d.path.mtu(w.now)) - headers - extra
	if d.tunnel != nil {
		mtu -= d.tunnel.Overhead(p)
	}
	encap.ClampMSS(p, uint16(max(mtu, minMSS)))
}

// minMSS is what every host takes (RFC 9293, section 3.7.1, for IPv4).
const minMSS = 536

// hopOf returns the next hop towards d as it is known now.
func (d *destination) hopOf(w *worker) *neigh.Hop { return w.d.router.Hop(neigh.HopID(d.hop.Load())) }

// noteEnd remembers where the numbers of a fullnat connection end, for the next
// one on its local port.
func (w *worker) noteEnd(f *flow, c *conntrack.Conn, s *segmentView, in *conntrack.Delta) {
	if f.dir == conntrack.In && s.flags&(header.FlagFIN|header.FlagRST) != 0 {
		w.d.table.NoteEnd(c, in.Seq(s.seq+uint32(s.payload)+1))
	}
}
