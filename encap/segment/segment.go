// Package segment cuts frames into pieces that a link takes: super-frames into
// segments, IPv4 packets into fragments.
//
// Linux hands a frame of up to 64 KiB around under one set of headers until a
// device cuts it (generic segmentation offload). Where none will, on an AF_XDP
// port or inside an outer header, a Cutter cuts as the kernel does: one segment
// at a time, each into a packet that the caller has room for. A Fragmenter does
// the same to a packet, tunnelled or not, that is longer than its path's MTU and
// may be cut. Neither allocates; all that changes in the frame is a checksum that
// fragments need finished. Which frames are to be cut, and what then happens to
// the pieces, is the caller's business.
package segment

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// flagCWR says that the sender has slowed down (RFC 3168, section 6.1.2).
const flagCWR header.TCPFlags = 1 << 7

// A Cutter cuts one frame, which must not change meanwhile.
type Cutter struct {
	front   []byte // headers of the frame, up to the payload
	rest    []byte // payload that is not cut yet
	size    int    // payload bytes of each segment but the last
	cut     int    // segments so far
	l3, l4  int    // offsets of the headers in front
	udp     bool
	in, out uint16 // ports of the frame
	sum     sum
}

// New returns a Cutter of p, whose headers have been found. A payload that fits
// one segment gives that one. It reports false if p is no GSO frame, has no
// payload, or is not what its GSO says: nothing can be made of it then.
func New(p *packet.Packet) (c Cutter, ok bool) {
	if p.GSO.Kind == packet.GSONone || p.GSO.Size == 0 || p.L4 == 0 {
		return Cutter{}, false
	}
	ip, pseudo, ok := network(p)
	if !ok {
		return Cutter{}, false
	}
	t := ip[p.L4-p.L3:]
	size, field, ok := transport(p.GSO.Kind, t)
	if !ok || size == len(t) {
		return Cutter{}, false
	}
	s, ok := sumOf(p, t, field, pseudo)
	if !ok {
		return Cutter{}, false
	}
	return Cutter{
		front: p.Bytes()[:int(p.L4)+size], rest: t[size:], size: int(p.GSO.Size),
		l3: int(p.L3), l4: int(p.L4), udp: p.GSO.Kind == packet.GSOUDP,
		in: p.In, out: p.Out, sum: s,
	}, true
}

// More reports whether a segment is left.
func (c *Cutter) More() bool { return len(c.rest) > 0 }

// Next makes dst the next segment, going where the frame goes; what dst held is
// lost. It reports false if none is left, or if the room from dst's start to the
// end of its chunk is too small for it: dst is empty then, and the segment still
// to be had.
//
// The checksum of a segment is unfinished if the frame's was: p.Sum tells
// whoever sends the segment to finish it.
func (c *Cutter) Next(dst *packet.Packet) bool {
	dst.Truncate(0)
	if !c.More() {
		return false
	}
	n := min(c.size, len(c.rest))
	b := dst.Grow(len(c.front) + n)
	if b == nil {
		return false
	}
	copy(b, c.front)
	copy(b[len(c.front):], c.rest)
	c.rest = c.rest[n:]
	c.setNetwork(b[c.l3:])
	c.setTransport(b[c.l4:])
	c.cut++

	dst.In, dst.Out, dst.L3, dst.L4 = c.in, c.out, uint16(c.l3), uint16(c.l4)
	dst.Sum, dst.GSO = c.sum.set(b[c.l4:], c.l4), packet.GSO{}
	return true
}

// setNetwork sets what differs between the IP headers of segments: the length,
// and IPv4's identification, which counts up (inet_gso_segment).
func (c *Cutter) setNetwork(b []byte) {
	if b[0]>>4 == 6 {
		header.IPv6(b).SetPayloadLen(len(b) - header.IPv6Size)
		return
	}
	h := header.IPv4(b)
	h.SetTotalLen(len(b))
	h.SetID(h.ID() + uint16(c.cut))
	h.SetChecksum(h.ComputeChecksum())
}

// setTransport sets what differs between the transport headers of segments but
// for the checksum (__udp_gso_segment, tcp_gso_segment). The end of the data is
// the last segment's to tell, a smaller window the first one's.
func (c *Cutter) setTransport(b []byte) {
	if c.udp {
		header.UDP(b).SetLength(len(b))
		return
	}
	h := header.TCP(b)
	h.SetSeq(h.Seq() + uint32(c.cut*c.size))
	if c.cut > 0 {
		h.SetFlags(h.Flags() &^ flagCWR)
	}
	if c.More() {
		h.SetFlags(h.Flags() &^ (header.FlagFIN | header.FlagPSH))
	}
}
