package encap

import (
	"math"
	"sync/atomic"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// TunnelOptions say what a Tunnel puts around packets, as ipvsadm's --tun-*
// options do. The zero value is an IP header alone.
type TunnelOptions struct {
	Type    lvs.TunnelType
	Flags   lvs.TunnelFlags // of gue and gre
	Port    uint16          // gue: where the destination listens
	Sources [2]uint16       // gue: range of source ports; zeros mean 32768 to 60999, as Linux has it
}

// A Tunnel puts packets for one destination inside others. The outer headers
// are written when it is made, but for what each packet tells; any number of
// workers may use it at once.
type Tunnel struct {
	opts   TunnelOptions
	v6     bool     // family of the outer header
	size   int      // of all outer headers
	fronts [2]front // around IPv4, and around IPv6

	_  [64]byte      // what follows is written to, what is before only read
	id atomic.Uint32 // identification of the latest packet that may be fragmented
}

// NewTunnel returns the tunnel to a destination, of either family whatever the
// packets' is. opts are such as ipvsadm accepts.
func NewTunnel(destination lvs.Addr, opts TunnelOptions) *Tunnel {
	if opts.Sources == [2]uint16{} {
		opts.Sources = [2]uint16{32768, 60999}
	}
	t := &Tunnel{opts: opts, v6: !destination.Is4()}
	t.size = t.network() + opts.size()
	t.fronts[0] = t.newFront(destination, header.ProtoIPIP, header.TypeIPv4)
	t.fronts[1] = t.newFront(destination, header.ProtoIPv6, header.TypeIPv6)
	t.id.Store(newID())
	return t
}

// size returns the size of what is between the IP headers.
func (o *TunnelOptions) size() int {
	switch {
	case o.Type == lvs.TunnelGUE:
		return header.UDPSize + header.GUESize
	case o.Type == lvs.TunnelGRE && o.Flags&lvs.TunnelCsum != 0:
		return header.GREChecksumSize
	case o.Type == lvs.TunnelGRE:
		return header.GRESize
	}
	return 0
}

// network returns the size of the outer IP header.
func (t *Tunnel) network() int {
	if t.v6 {
		return header.IPv6Size
	}
	return header.IPv4Size
}

// Overhead returns how much longer p's packet becomes: what is to be taken off
// the MTU before it is held against the packet.
func (t *Tunnel) Overhead(p *packet.Packet) int {
	if t.leaves(p) {
		return t.size + header.GUERemcsumSize
	}
	return t.size
}

// Push takes one hop off p and puts it into the tunnel (ip_vs_tunnel_xmit). The
// outer packet comes from src, of its own family. hash is the same for all
// packets of a flow, so that routers keep those of a gue tunnel in order. copyDF
// has the outer packet not be fragmented if an IPv4 p must not be (pmtu_disc).
//
// A checksum that is not finished is finished first, as no device looks behind
// outer headers for it; only remcsum leaves it to the destination. The frame
// then has an Ethernet header without tags whose stations are to be set.
//
// Push reports false, and leaves p as it was, if p has no room for the headers,
// would be longer than an IP packet can be, is too short for the checksum that
// it says is unfinished, or is a GSO frame: that is to be cut before.
func (t *Tunnel) Push(p *packet.Packet, src lvs.Addr, hash uint32, copyDF bool) bool {
	leave, overhead := t.leaves(p), t.Overhead(p)
	fits := p.Len()-int(p.L3)+overhead <= math.MaxUint16 && p.Start()+int(p.L3) >= header.EthernetSize+overhead
	if !fits || p.GSO.Kind != packet.GSONone || !leave && !finish(p) {
		return false
	}
	DecrementTTL(p)
	in := readInner(p, copyDF)
	left := packet.Partial{Start: p.Sum.Start - p.L3, Field: p.Sum.Field - p.L3}
	p.Pull(int(p.L3))
	frame := header.Ethernet(p.Push(header.EthernetSize + overhead))
	p.L3, p.L4 = header.EthernetSize, uint16(header.EthernetSize+t.network())
	p.Sum = packet.Partial{}

	t.putNetwork(frame, p.Len()-header.EthernetSize, &in, src)
	switch t.opts.Type {
	case lvs.TunnelGUE:
		if leave {
			header.GUE(frame[p.L4+header.UDPSize:]).SetRemcsum(left.Start, left.Field)
		}
		t.putGUE(p, hash)
	case lvs.TunnelGRE:
		t.putGRE(p)
	}
	return true
}
