package dataplane

import (
	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/header"
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

// straddles reports whether the segment begins before the byte at seq and has it,
// too.
func (s *segmentView) straddles(seq uint32) bool {
	return int32(s.seq-seq) < 0 && int32(s.seq+uint32(s.payload)-seq) > 0
}

// firstFlags are those that tell a connection's first segments from others.
const firstFlags = header.FlagSYN | header.FlagACK | header.FlagRST

// edit does to a packet between client and real server what has to be done to
// more than its addresses: it mends sequence numbers, tells the real server who
// its client is, keeps segments short enough for that, and translates what FTP
// says. It is called only if d.edits, or if one of the others is the case.
func (w *worker) edit(p *packet.Packet, f *flow, c *conntrack.Conn, d *destination) Verdict {
	switch f.proto {
	case lvs.TCP:
	case lvs.UDP:
		return introduceDatagram(p, f, d)
	default:
		return undecided
	}
	s := viewSegment(p)
	in, out, edited := w.d.table.Deltas(c)
	if edited {
		mend(p, f.dir, &in, &out)
		w.noteEnd(f, c, &s, &in)
		if f.dir == conntrack.Out && s.is(header.FlagACK, header.FlagACK|header.FlagRST) {
			w.d.table.Settle(c, &in, &out, s.seq, s.ack)
		}
	}
	if f.opens && in.Previous != 0 {
		encap.StripTimestamps(p) // a local port that is used again: the real server would compare with another client's
	}
	if d.edits {
		if v := w.introduce(p, f, c, d, &s, &in, &out); v != undecided {
			return v
		}
	}
	if c.Method == lvs.NAT && f.controls(c, w.snap.ftp) {
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
	client := clientOf(f, c)
	if d.client == config.TOA && f.dir == conntrack.In {
		encap.StripTOA(p) // nobody introduces himself
	}
	switch {
	case s.is(header.FlagSYN, firstFlags) && f.dir == conntrack.In:
		w.clampMSS(p, d, d.hopOf(w), 0)
		if d.client == config.ProxyV2 {
			return w.reserve(p, c, s, in, encap.ProxyV2Size(client))
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
	case d.client == config.ProxyV2 && (s.payload > 0 || s.flags&header.FlagFIN != 0) && s.seq == in.InitSeq:
		return insertProxy(p, f)
	case d.client == config.ProxyV2 && s.straddles(in.InitSeq):
		return Untranslatable // its end would be read before the header
	case d.client == config.TOA && s.ack == out.InitSeq && s.is(header.FlagACK, firstFlags):
		encap.InsertTOA(p, f.tuple.Src, f.tuple.SrcPort)
	}
	return undecided
}

// clientOf returns the client's address, whose ever the packet is.
func clientOf(f *flow, c *conntrack.Conn) lvs.Addr {
	switch {
	case f.dir == conntrack.In:
		return f.tuple.Src
	case c.Method == lvs.FullNAT:
		return c.Peer
	}
	return f.tuple.Dst
}

// reserve makes room for n bytes before a client's first, whose SYN is in p. The
// client may not speak before them: data in a SYN (RFC 7413) is taken out, and
// comes again. Nor may its numbers go back to before what has been noted: that
// connection is forgotten, and the SYN too comes again.
func (w *worker) reserve(p *packet.Packet, c *conntrack.Conn, s *segmentView, in *conntrack.Delta, n int) Verdict {
	if s.payload > 0 && !encap.Replace(p, 0, s.payload, nil) {
		return Untranslatable
	}
	first := s.seq + 1
	if in.InitSeq == first || c.State == lvs.TCPEstablished {
		return undecided
	}
	w.d.table.Resize(c, conntrack.In, first, n)
	if noted, _, _ := w.d.table.Deltas(c); noted.InitSeq != first {
		w.d.table.Expire(c)
		return Untranslatable
	}
	return undecided
}

// insertion returns by how much longer the director makes the packet of f, if it
// is a client's, or may make it.
func (d *destination) insertion(f *flow) int {
	if f.dir == conntrack.Out || f.related {
		return 0
	}
	return d.introduction(f.tuple.Src)
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

// noteEnd remembers where the numbers of a fullnat connection end, for the next
// one on its local port.
func (w *worker) noteEnd(f *flow, c *conntrack.Conn, s *segmentView, in *conntrack.Delta) {
	if f.dir == conntrack.In && s.flags&(header.FlagFIN|header.FlagRST) != 0 {
		w.d.table.NoteEnd(c, in.Seq(s.seq+uint32(s.payload)+1))
	}
}
