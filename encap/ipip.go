package encap

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A front is a tunnel's outer headers around packets of one family. What differs
// from packet to packet is zero. The IP header is in the words in which it is
// written: nothing of it is stored twice, and nothing read again.
type front struct {
	first   uint64 // IPv4: up to the flags; IPv6: up to the hop limit
	second  uint64 // IPv4: up to the source address
	dst     lvs.Addr
	sum     uint64                                // IPv4: of all these, for the checksum
	between [header.UDPSize + header.GUESize]byte // what is behind the IP header
}

// newFront returns the headers before an inner packet, whose protocol number and
// EtherType mean the same.
func (t *Tunnel) newFront(destination lvs.Addr, proto uint8, etherType uint16) front {
	f := front{dst: destination}
	switch t.opts.Type {
	case lvs.TunnelGUE:
		proto = newGUE(f.between[:], t.opts.Port, proto)
	case lvs.TunnelGRE:
		proto = newGRE(f.between[:], t.opts.size(), etherType)
	}
	b := make([]byte, header.IPv6Size)
	if t.v6 {
		h := header.IPv6(b)
		h.SetFlow(0, 0)
		h.SetNextHeader(proto)
	} else {
		h := header.IPv4(b)
		h.SetHeaderLen(header.IPv4Size)
		h.SetProto(proto)
		f.sum = checksum.Add(uint64(destination.V4()), h[:header.IPv4Size])
	}
	f.first, f.second = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	return f
}

// newID returns where a tunnel's identifications begin. As in the kernel that
// cannot be foreseen: who could, might inject fragments.
func newID() uint32 { return rand.Uint32() }

// An inner is what the outer headers take over from the packet inside.
type inner struct {
	family uint8 // 0 for IPv4, 1 for IPv6
	class  uint8 // type of service, or traffic class, for the outer header
	ttl    uint8 // of both
	df     bool  // whether routers must not fragment the outer packet
}

// takeHop takes one hop off the IP packet b and reads it.
func takeHop(b []byte, copyDF bool) inner {
	if b[0]>>4 == 6 {
		h := header.IPv6(b[:header.IPv6Size])
		h.SetHopLimit(h.HopLimit() - 1)
		return inner{family: 1, class: outerClass(h.TrafficClass()), ttl: h.HopLimit()}
	}
	h := header.IPv4(b[:header.IPv4Size])
	h.DecrementTTL()
	return inner{class: outerClass(h.TOS()), ttl: h.TTL(), df: copyDF && h.DontFragment()}
}

// The frames that outer headers are written to, as far as these are IP's.
type (
	frame4 [header.EthernetSize + header.IPv4Size]byte
	frame6 [header.EthernetSize + header.IPv6Size]byte
)

// putIPv4 writes the EtherType and the outer header of a packet of length bytes.
// One that may be fragmented has the identification that follows id.
func (f *front) putIPv4(b *frame4, length int, in inner, src uint32, id *atomic.Uint32) {
	fragment := uint64(header.IPv4DontFragment)
	if !in.df {
		fragment = uint64(uint16(id.Add(1))) << 16
	}
	sum := f.sum + uint64(in.class) + uint64(length) + fragment + uint64(in.ttl)<<8 + uint64(src)
	ip := b[header.EthernetSize:]
	binary.BigEndian.PutUint16(b[header.EthernetSize-2:], header.TypeIPv4)
	binary.BigEndian.PutUint64(ip, f.first|uint64(in.class)<<48|uint64(length)<<32|fragment)
	binary.BigEndian.PutUint64(ip[8:], f.second|uint64(in.ttl)<<56|uint64(^checksum.Fold(sum))<<32|uint64(src))
	binary.BigEndian.PutUint32(ip[16:], f.dst.V4())
}

// putIPv6 is putIPv4 for the other family, whose length is of what follows.
func (f *front) putIPv6(b *frame6, length int, in inner, src lvs.Addr) {
	ip := b[header.EthernetSize:]
	binary.BigEndian.PutUint16(b[header.EthernetSize-2:], header.TypeIPv6)
	binary.BigEndian.PutUint64(ip, f.first|uint64(in.class)<<52|uint64(length)<<16|uint64(in.ttl))
	binary.BigEndian.PutUint64(ip[8:], src.Hi)
	binary.BigEndian.PutUint64(ip[16:], src.Lo)
	binary.BigEndian.PutUint64(ip[24:], f.dst.Hi)
	binary.BigEndian.PutUint64(ip[32:], f.dst.Lo)
}
