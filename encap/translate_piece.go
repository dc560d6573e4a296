package encap

import (
	"encoding/binary"
	"math"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// PieceOverhead is FamilyOverhead for a piece of a datagram in fragments, which
// over IPv6 has a header for that.
const PieceOverhead = FamilyOverhead + header.FragmentSize

// TranslatePiece is Translate for a piece of a TCP or UDP packet in fragments,
// which a fragment of the other family becomes (RFC 7915, sections 4.1 and
// 5.1.1). Only the first has ports. It reports false, and leaves p as it was, for
// what is no piece, for a first one without a UDP checksum, which nobody can
// compute from it, and in the cases of Translate.
func TranslatePiece(p *packet.Packet, proto lvs.Protocol, src lvs.Addr, srcPort uint16, dst lvs.Addr, dstPort uint16) bool {
	b := p.Bytes()
	c, ok := readPiece(b[p.L3:])
	missing := proto == lvs.UDP && p.L4 != 0 && binary.BigEndian.Uint16(b[int(p.L4)+header.UDPChecksumOffset:]) == 0
	if !ok || missing || proto != lvs.TCP && proto != lvs.UDP || !exchange(p, c.old, c.size) {
		return false
	}
	b = p.Bytes()
	delta := uint64(^c.sum)
	if c.size == header.IPv4Size {
		delta += c.put4(header.IPv4(b[p.L3:]), uint8(proto), src, dst)
	} else {
		delta += c.put6(header.IPv6(b[p.L3:]), uint8(proto), src, dst)
	}
	binary.BigEndian.PutUint16(b[p.L3-2:], c.etherType)
	if p.L4 != 0 {
		setPorts(p, b[p.L4:], proto, 0, uint32(srcPort)<<16|uint32(dstPort), delta)
	}
	return true
}

// A pieceCrossing is a crossing of a fragment.
type pieceCrossing struct {
	crossing
	old    int // size of the old headers
	offset int // of the payload in that of the whole packet
	more   bool
	id     uint32
}

func readPiece(b []byte) (c pieceCrossing, ok bool) {
	if b[0]>>4 == 4 {
		h := header.IPv4(b)
		c.read4(h)
		c.old, c.offset, c.more, c.id = h.HeaderLen(), h.FragmentOffset(), h.MoreFragments(), uint32(h.ID())
		c.size += header.FragmentSize
		return c, h.IsFragment() && !sourceRouted(header.Options(h[header.IPv4Size:c.old]))
	}
	h := header.IPv6(b)
	t, ok := h.Transport()
	c.read6(h)
	c.old, c.offset, c.more, c.id = t.Offset, t.FragmentOffset, t.MoreFragments, t.FragmentID
	fits := c.offset+c.length <= math.MaxUint16-header.IPv4Size
	return c, ok && (c.more || c.offset != 0) && t.SegmentsLeft == 0 && fits
}

// put6 is crossing's for a fragment.
func (c *pieceCrossing) put6(h header.IPv6, proto uint8, src, dst lvs.Addr) uint64 {
	sum := c.crossing.put6(h, header.ProtoFragment, src, dst)
	h.SetPayloadLen(header.FragmentSize + c.length)
	header.PutFragment(h[header.IPv6Size:], proto, c.offset, c.more, c.id)
	return sum
}

// put4 is crossing's for a fragment.
func (c *pieceCrossing) put4(h header.IPv4, proto uint8, src, dst lvs.Addr) uint64 {
	c.crossing.put4(h, proto, src, dst)
	flags := uint16(0)
	if c.more {
		flags = header.IPv4MoreFragments
	}
	h.SetID(uint16(c.id))
	h.SetFragment(flags, c.offset)
	h.SetChecksum(h.ComputeChecksum())
	return checksum.Add(0, h[12:header.IPv4Size])
}
