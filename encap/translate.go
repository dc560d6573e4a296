package encap

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// FamilyOverhead is how much longer Translate makes an IPv4 packet, but for the
// options that it loses: what is to be taken off the MTU before it is held
// against the packet. The other way a packet becomes as much shorter.
const FamilyOverhead = header.IPv6Size - header.IPv4Size

// maxFragmentable is the longest packet from IPv6 that routers over IPv4 may
// fragment. Its sender never goes below 1280 bytes, so it could do nothing about
// a path that takes less (RFC 7915, section 5.1).
const maxFragmentable = 1280 - FamilyOverhead

// Translate is FullNAT for addresses of the other family: the packet gets an IP
// header of that, as RFC 7915 says. Class and lifetime are carried over, IPv4
// options and IPv6 extension headers are lost, a UDP checksum that is missing is
// computed. The frame moves at its front, never the payload.
//
// Translate reports false, and leaves p as it was, for what is not all of a TCP,
// UDP or SCTP packet, has a source route that is not at its end, would be longer
// than an IP packet can be, or has no room for the header.
func Translate(p *packet.Packet, proto lvs.Protocol, src lvs.Addr, srcPort uint16, dst lvs.Addr, dstPort uint16) bool {
	var c crossing
	if p.L4 == 0 || proto != lvs.TCP && proto != lvs.UDP && proto != lvs.SCTP || !c.read(p) || !exchange(p, int(p.L4-p.L3), c.size) {
		return false
	}
	b := p.Bytes()
	delta := uint64(^c.sum)
	if c.size == header.IPv6Size {
		delta += c.put6(header.IPv6(b[p.L3:]), uint8(proto), src, dst)
	} else {
		delta += c.put4(header.IPv4(b[p.L3:]), uint8(proto), src, dst)
	}
	binary.BigEndian.PutUint16(b[p.L3-2:], c.etherType)
	if p.GSO.Kind == packet.GSOTCP4 || p.GSO.Kind == packet.GSOTCP6 {
		p.GSO.Kind = c.segments
	}
	setPorts(p, b[p.L4:], proto, 0, uint32(srcPort)<<16|uint32(dstPort), delta)
	return true
}

// exchange makes n bytes of room for an IP header in the place of the one that p
// has, of old bytes. What is behind it stays where it is, what is before moves.
func exchange(p *packet.Packet, old, n int) bool {
	l3, grow := p.L3, n-old
	if grow > 0 {
		if p.Push(grow) == nil {
			return false
		}
		copy(p.Bytes()[:l3], p.Bytes()[grow:])
	} else {
		copy(p.Bytes()[-grow:], p.Bytes()[:l3])
		p.Pull(-grow)
	}
	p.L3 = l3
	return true
}

// A crossing is a packet on its way to the other family: what the old header has
// to tell, and what the new one is.
type crossing struct {
	class    uint8 // type of service, or traffic class
	ttl      uint8
	length   int    // of what is behind the header
	sum      uint16 // of both addresses
	fragment bool   // a whole packet that says it may be fragmented, by IPv6's header for that
	id       uint16 // that it has then

	size      int // of the new header
	etherType uint16
	segments  packet.GSOKind // of TCP
}

// read reads the IP header of p. It reports false for what has no translation.
func (c *crossing) read(p *packet.Packet) bool {
	b := p.Bytes()[p.L3:]
	if b[0]>>4 == 4 {
		return c.read4(header.IPv4(b))
	}
	return c.read6(header.IPv6(b))
}

func (c *crossing) read4(h header.IPv4) bool {
	n := h.HeaderLen()
	c.class, c.ttl, c.length = h.TOS(), h.TTL(), h.TotalLen()-n
	c.sum = checksum.Fold(checksum.Add(0, h[12:header.IPv4Size]))
	c.size, c.etherType, c.segments = header.IPv6Size, header.TypeIPv6, packet.GSOTCP6
	return !h.IsFragment() && !sourceRouted(header.Options(h[header.IPv4Size:n]))
}

func (c *crossing) read6(h header.IPv6) bool {
	t, ok := h.Transport()
	c.class, c.ttl, c.length = h.TrafficClass(), h.HopLimit(), header.IPv6Size+h.PayloadLen()-t.Offset
	c.sum = checksum.Fold(checksum.Add(0, h[8:header.IPv6Size]))
	c.fragment, c.id = t.Fragment, uint16(t.FragmentID)
	c.size, c.etherType, c.segments = header.IPv4Size, header.TypeIPv4, packet.GSOTCP4
	whole := ok && !t.MoreFragments && t.FragmentOffset == 0
	return whole && t.SegmentsLeft == 0 && header.IPv4Size+c.length <= math.MaxUint16
}

// sourceRouted reports whether options have a packet come by somewhere before it
// reaches its destination (RFC 7915, section 4.1).
func sourceRouted(options header.Options) bool {
	for at, end, ok := options.Next(0); ok; at, end, ok = options.Next(end) {
		o := options[at:end]
		if (o[0] == header.OptionLSRR || o[0] == header.OptionSSRR) && (len(o) < 3 || o[2] <= o[1]) {
			return true
		}
	}
	return false
}

// put6 writes the new header to h and returns the sum of its addresses.
func (c *crossing) put6(h header.IPv6, proto uint8, src, dst lvs.Addr) uint64 {
	s, d := src.As16(), dst.As16()
	h.SetFlow(c.class, 0)
	h.SetPayloadLen(c.length)
	h.SetNextHeader(proto)
	h.SetHopLimit(c.ttl - 1)
	h.SetSrc(s[:])
	h.SetDst(d[:])
	return checksum.Add(0, h[8:header.IPv6Size])
}

// put4 writes the new header to h and returns the sum of its addresses. Routers
// may fragment the packet if its sender has said so (RFC 7915, section 5.1.1) or
// cannot make it shorter. Only then does the identification count, and must not
// be foreseen: who could, might inject fragments.
func (c *crossing) put4(h header.IPv4, proto uint8, src, dst lvs.Addr) uint64 {
	total, flags := header.IPv4Size+c.length, uint16(0)
	switch {
	case c.fragment: // with the identification that it has
	case total <= maxFragmentable:
		c.id = uint16(rand.Uint32())
	default:
		flags = header.IPv4DontFragment
	}
	h.SetHeaderLen(header.IPv4Size)
	h.SetTOS(c.class)
	h.SetTotalLen(total)
	h.SetID(c.id)
	h.SetFragment(flags, 0)
	h.SetTTL(c.ttl - 1)
	h.SetProto(proto)
	h.SetSrc(src.V4())
	h.SetDst(dst.V4())
	h.SetChecksum(h.ComputeChecksum())
	return checksum.Add(0, h[12:header.IPv4Size])
}
