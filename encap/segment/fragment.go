package segment

import (
	"math"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// minPayload is the least that a fragment carries which others follow: offsets
// are counted in such units (RFC 791, section 3.1).
const minPayload = 8

// A Fragmenter cuts one IPv4 packet into fragments (RFC 791, section 3.2). The
// packet must not change meanwhile.
type Fragmenter struct {
	front   []byte // headers of the frame, up to the payload
	rest    []byte // payload that is not cut yet
	room    int    // for payload in a fragment
	offset  int    // of rest in the payload of the whole packet
	more    bool   // the packet itself is a fragment that others follow
	id      uint16
	l3, l4  int // offsets in front, l4 as it is in p
	in, out uint16
}

// NewFragments returns a Fragmenter of p, whose headers have been found, into
// packets of at most mtu bytes. A packet that fits gives that one, a fragment
// smaller ones. An unfinished checksum is finished in p first: no device can do
// that for a fragment. id is for a packet that has to be cut, but whose sender
// has not numbered it.
//
// It reports false, and leaves p as it was, if p must not be fragmented, has no
// payload, or finds no room for any within mtu; if it is a GSO frame, which New
// cuts; or if it cannot be right, as it ends beyond the longest packet or has its
// unfinished checksum elsewhere. All IPv6 is refused: routers do not fragment it
// (RFC 8200, section 5), and of a tunnel's MTU its clients can be told.
func NewFragments(p *packet.Packet, mtu int, id uint16) (f Fragmenter, ok bool) {
	h, ok := header.ParseIPv4(p.Bytes()[p.L3:])
	if !ok || h.DontFragment() || p.GSO.Kind != packet.GSONone {
		return Fragmenter{}, false
	}
	f = Fragmenter{
		front: p.Bytes()[:int(p.L3)+h.HeaderLen()], rest: h.Payload(), room: mtu - h.HeaderLen(),
		offset: h.FragmentOffset(), more: h.MoreFragments(), id: h.ID(),
		l3: int(p.L3), l4: int(p.L4), in: p.In, out: p.Out,
	}
	if !f.More() || f.room < min(minPayload, len(f.rest)) || f.offset+len(f.rest) > math.MaxUint16 {
		return Fragmenter{}, false
	}
	if f.id == 0 && !h.IsFragment() && len(f.rest) > f.room {
		f.id = id
	}
	if !finish(p, h) {
		return Fragmenter{}, false
	}
	return f, true
}

// More reports whether a fragment is left.
func (f *Fragmenter) More() bool { return len(f.rest) > 0 }

// Next makes dst the next fragment, going where the frame goes; what dst held is
// lost. It reports false if none is left, or if the room from dst's start to the
// end of its chunk is too small for it: dst is empty then, and the fragment still
// to be had. Only the first fragment of a packet has a transport header.
func (f *Fragmenter) Next(dst *packet.Packet) bool {
	dst.Truncate(0)
	if !f.More() {
		return false
	}
	n := len(f.rest)
	if n > f.room {
		n = f.room &^ (minPayload - 1)
	}
	b := dst.Grow(len(f.front) + n)
	if b == nil {
		return false
	}
	copy(b, f.front)
	copy(b[len(f.front):], f.rest)
	f.rest = f.rest[n:]
	f.setHeader(header.IPv4(b[f.l3:]))

	dst.In, dst.Out, dst.L3, dst.L4 = f.in, f.out, uint16(f.l3), uint16(f.l4)
	dst.Sum, dst.GSO = packet.Partial{}, packet.GSO{}
	if f.offset > 0 {
		dst.L4 = 0
	}
	f.offset += n
	return true
}

// setHeader sets what differs between the headers of fragments.
func (f *Fragmenter) setHeader(h header.IPv4) {
	if f.offset > 0 {
		blank(h[header.IPv4Size:h.HeaderLen()])
	}
	var flags uint16
	if f.More() || f.more {
		flags = header.IPv4MoreFragments
	}
	h.SetTotalLen(len(h))
	h.SetID(f.id)
	h.SetFragment(flags, f.offset)
	h.SetChecksum(h.ComputeChecksum())
}
