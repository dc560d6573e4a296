package encap

import (
	"math/rand/v2"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// maxFront is the size of the longest outer headers but for options.
const maxFront = header.IPv6Size + header.UDPSize + header.GUESize

// A front is a tunnel's outer headers around packets of one family. What
// differs from packet to packet is zero.
type front struct {
	etherType uint16 // of the outer packet
	sum       uint64 // of the IP header's words, for its checksum
	bytes     [maxFront]byte
}

// newFront writes the headers before an inner packet, whose protocol number and
// EtherType mean the same.
func (t *Tunnel) newFront(destination lvs.Addr, proto uint8, etherType uint16) (f front) {
	b := f.bytes[t.network():]
	switch t.opts.Type {
	case lvs.TunnelGUE:
		proto = newGUE(b, t.opts.Port, proto)
	case lvs.TunnelGRE:
		proto = newGRE(b, t.opts.size(), etherType)
	}
	if t.v6 {
		f.etherType = header.TypeIPv6
		to := destination.As16()
		h := header.IPv6(f.bytes[:])
		h.SetFlow(0, 0)
		h.SetNextHeader(proto)
		h.SetDst(to[:])
		return f
	}
	f.etherType = header.TypeIPv4
	h := header.IPv4(f.bytes[:])
	h.SetHeaderLen(header.IPv4Size)
	h.SetProto(proto)
	h.SetDst(destination.V4())
	f.sum = checksum.Add(0, h[:header.IPv4Size])
	return f
}

// newID returns where a tunnel's identifications begin. As in the kernel that
// cannot be foreseen: who could, might inject fragments.
func newID() uint32 { return rand.Uint32() }

// An inner is what the outer headers take over from the packet inside.
type inner struct {
	v6    bool
	class uint8 // type of service, or traffic class, for the outer header
	ttl   uint8 // of both
	df    bool  // whether routers must not fragment the outer packet
}

// readInner reads the packet in p, which has lost its hop already.
func readInner(p *packet.Packet, copyDF bool) inner {
	b := p.Bytes()[p.L3:]
	in := inner{v6: b[0]>>4 == 6, class: outerClass(classOf(b)), ttl: TTL(p)}
	in.df = copyDF && !in.v6 && header.IPv4(b).DontFragment()
	return in
}

// putNetwork writes the Ethernet and all outer headers of a packet of length
// bytes to the front of frame. What is behind the IP header is left as it is in
// every packet.
func (t *Tunnel) putNetwork(frame header.Ethernet, length int, in *inner, src lvs.Addr) {
	f := &t.fronts[0]
	if in.v6 {
		f = &t.fronts[1]
	}
	frame.SetType(f.etherType)
	b := frame.Payload()
	copy(b, f.bytes[:t.size])
	if t.v6 {
		from := src.As16()
		h := header.IPv6(b)
		h.SetFlow(in.class, 0)
		h.SetPayloadLen(length - header.IPv6Size)
		h.SetHopLimit(in.ttl)
		h.SetSrc(from[:])
		return
	}
	t.putIPv4(header.IPv4(b), f.sum, length, in, src)
}

// putIPv4 writes what differs between outer IPv4 headers, and adds it to the sum
// of what does not: the header is not read again.
func (t *Tunnel) putIPv4(h header.IPv4, sum uint64, length int, in *inner, src lvs.Addr) {
	var id, flags uint16
	if in.df {
		flags = header.IPv4DontFragment
	} else {
		id = uint16(t.id.Add(1))
	}
	h.SetTOS(in.class)
	h.SetTotalLen(length)
	h.SetID(id)
	h.SetFragment(flags, 0)
	h.SetTTL(in.ttl)
	h.SetSrc(src.V4())
	sum += uint64(in.class) + uint64(length) + uint64(id) + uint64(flags) + uint64(in.ttl)<<8 + uint64(src.V4())
	h.SetChecksum(^checksum.Fold(sum))
}
