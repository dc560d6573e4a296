package dataplane

import (
	"encoding/binary"

	"xlvs/conntrack"
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// A flow is what a worker has read from one packet of its batch.
type flow struct {
	tuple   lvs.Tuple    // of an ICMP error: as if its sender's side had answered the quoted packet
	proto   lvs.Protocol // of the packet itself
	key     conntrack.Key
	size    int        // bytes of layer 3
	dest    lvs.DestID // of its connection, once that is found
	verdict Verdict
	event   conntrack.Event
	dir     conntrack.Dir // direction to look the connection up in first
	both    bool          // the other direction is possible too
	opens   bool          // may begin a connection
	aborts  bool          // an SCTP packet that begins with an ABORT
	related bool          // an ICMP error about a connection
	piece   bool          // of a datagram in fragments
	local   bool          // to a local address of fullnat
	once    bool          // of a one-packet connection, which nobody finds
}

// read parses p into f and marks the headers in p. It leaves f undecided, or
// with the verdict that parsing led to.
func (f *flow) read(p *packet.Packet) {
	*f = flow{}
	b := p.Bytes()
	if f.readPlain4(p, b) || f.readPlain6(p, b) {
		return
	}
	f.readAny(p, b)
}

// readAny is read for every frame that there is.
func (f *flow) readAny(p *packet.Packet, b []byte) {
	typ, l3, ok := header.Network(b)
	switch {
	case !ok:
		f.verdict = Unreadable
	case typ == header.TypeIPv4:
		f.verdict = f.readIPv4(p, b, l3)
	case typ == header.TypeIPv6:
		f.verdict = f.readIPv6(p, b, l3)
	default:
		f.verdict = NotOurs
	}
}

func (f *flow) readIPv4(p *packet.Packet, b []byte, l3 int) Verdict {
	h, ok := header.ParseIPv4(b[l3:])
	if !ok || !h.ChecksumOK() {
		return Unreadable
	}
	f.size = len(h)
	p.Truncate(l3 + len(h))
	p.L3, p.L4 = uint16(l3), uint16(l3+h.HeaderLen())
	f.tuple.Src, f.tuple.Dst = lvs.Addr4(h.Src()), lvs.Addr4(h.Dst())
	f.tuple.Proto = lvs.Protocol(h.Proto())
	f.proto = f.tuple.Proto
	v := undecided
	if h.IsFragment() {
		v = f.readFragment(p, h.FragmentOffset() == 0)
	} else {
		v = f.readTransport(p, checksum.Pseudo4(h.Src(), h.Dst(), h.Proto(), len(h)-h.HeaderLen()))
	}
	if v == undecided && h.HeaderLen() > header.IPv4Size {
		return optioned
	}
	return v
}

func (f *flow) readIPv6(p *packet.Packet, b []byte, l3 int) Verdict {
	h, ok := header.ParseIPv6(b[l3:])
	if !ok {
		return Unreadable
	}
	t, ok := h.Transport()
	if !ok {
		return Unreadable
	}
	f.size = len(h)
	p.Truncate(l3 + len(h))
	p.L3, p.L4 = uint16(l3), uint16(l3+t.Offset)
	f.tuple.Src, f.tuple.Dst = lvs.Addr16(h.Src()), lvs.Addr16(h.Dst())
	f.tuple.Proto = lvs.Protocol(t.Proto)
	f.proto = f.tuple.Proto
	if f.tuple.Src.Is4() || f.tuple.Dst.Is4() {
		return Unreadable // IPv4-mapped addresses have no place on a wire, and would pass for IPv4 here
	}
	if t.MoreFragments || t.FragmentOffset != 0 {
		return f.readFragment(p, t.FragmentOffset == 0)
	}
	return f.readTransport(p, checksum.Pseudo6(h.Src(), h.Dst(), t.Proto, len(h)-t.Offset))
}

// readFragment reads a piece of a datagram. Only the first has the ports; no sum
// over a piece says anything.
func (f *flow) readFragment(p *packet.Packet, first bool) Verdict {
	b := p.Bytes()[p.L4:]
	if !first {
		p.L4 = 0
	}
	switch f.proto {
	case lvs.AH, lvs.ESP:
		f.followKeyExchange() // which goes by addresses
		return undecided
	case lvs.TCP, lvs.UDP, lvs.SCTP:
		f.piece = true
	default:
		return NotOurs
	}
	if first {
		return f.readFirst(b)
	}
	return undecided
}

// readFirst reads the ports of a datagram from its first piece.
func (f *flow) readFirst(b []byte) Verdict {
	if _, ok := header.ParsePorts(b); !ok {
		return undecided // too short a piece: not for ports to be found out
	}
	f.setPorts(b)
	switch f.proto {
	case lvs.TCP:
		h, ok := header.ParseTCP(b)
		if !ok {
			return Unreadable
		}
		f.event = conntrack.TCPEvent(uint8(h.Flags()))
		f.opens = f.event == conntrack.EventSYN
	case lvs.SCTP:
		h, ok := header.ParseSCTP(b)
		if !ok {
			return Unreadable
		}
		f.setChunks(h.Chunks())
	default:
		f.opens = true
	}
	return undecided
}

// readTransport reads the ports. pseudo is the sum of the pseudo header.
func (f *flow) readTransport(p *packet.Packet, pseudo uint64) Verdict {
	b := p.Bytes()[p.L4:]
	switch f.tuple.Proto {
	case lvs.TCP:
		h, ok := header.ParseTCP(b)
		if !ok {
			return f.readCut(b)
		}
		f.setPorts(b)
		f.event = conntrack.TCPEvent(uint8(h.Flags()))
		f.opens = f.event == conntrack.EventSYN
		findUnfinished(p, b, header.TCPChecksumOffset, pseudo)
	case lvs.UDP:
		if _, ok := header.ParseUDP(b); !ok {
			return f.readCut(b)
		}
		f.setPorts(b)
		f.opens = true
		findUnfinished(p, b, header.UDPChecksumOffset, pseudo)
	case lvs.SCTP:
		return f.readSCTP(p, b)
	case lvs.AH, lvs.ESP:
		f.followKeyExchange()
	case lvs.ICMP, lvs.ICMPv6:
		return f.readRelated(p)
	default:
		return NotOurs
	}
	return undecided
}

// readCut reads the ports of a transport header that is not whole.
func (f *flow) readCut(b []byte) Verdict {
	if _, ok := header.ParsePorts(b); !ok {
		return Unreadable
	}
	f.setPorts(b)
	return cutShort
}

func (f *flow) setPorts(b []byte) {
	f.tuple.SrcPort = binary.BigEndian.Uint16(b)
	f.tuple.DstPort = binary.BigEndian.Uint16(b[2:])
}

// readRelated reads an ICMP error. Its flow is that of an answer to the packet
// that it quotes.
func (f *flow) readRelated(p *packet.Packet) Verdict {
	q, ok := icmp.Related(p, f.tuple.Proto)
	if !ok {
		return NotOurs
	}
	f.tuple, f.related = q.Tuple.Reverse(), true
	if f.tuple.Proto == lvs.AH || f.tuple.Proto == lvs.ESP {
		f.followKeyExchange()
	}
	return undecided
}

// followKeyExchange has an IPsec packet belong to the connection in which its
// keys were agreed upon (ip_vs_proto_ah_esp.c).
func (f *flow) followKeyExchange() {
	f.tuple.Proto, f.tuple.SrcPort, f.tuple.DstPort = lvs.UDP, isakmp, isakmp
}

// readSCTP reads the ports and the first chunk, which is what a packet means to
// its connection (RFC 9260, section 6.10).
func (f *flow) readSCTP(p *packet.Packet, b []byte) Verdict {
	h, ok := header.ParseSCTP(b)
	if !ok {
		return f.readCut(b)
	}
	f.setPorts(b)
	h.Finish() // a local sender may have left the checksum to a device
	if !f.setChunks(h.Chunks()) {
		return Unreadable
	}
	return undecided
}

// setChunks reads the first of chunks. It reports false if there is none.
func (f *flow) setChunks(chunks []byte) (ok bool) {
	f.event, ok = conntrack.SCTPEvent(chunks)
	f.opens = ok && f.event == conntrack.EventInit
	f.aborts = conntrack.SCTPAborts(chunks)
	return ok
}

// findUnfinished marks the checksum of the transport packet b if its sender has
// left it to the device, and the queue could not tell.
func findUnfinished(p *packet.Packet, b []byte, field int, pseudo uint64) {
	if p.Sum == (packet.Partial{}) && checksum.Unfinished(b, field, pseudo) {
		p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + uint16(field)}
	}
}
