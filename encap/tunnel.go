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
	opts    TunnelOptions
	v6      bool     // family of the outer header
	sums    bool     // whether there is a checksum of all behind it
	remcsum bool     // whether an unfinished checksum is left to the destination
	size    int      // of all outer headers
	fronts  [2]front // around IPv4, and around IPv6

	_  [64]byte      // what follows is written to, what is before only read
	id atomic.Uint32 // identification of the latest packet that may be fragmented
}

// NewTunnel returns the tunnel to a destination, of either family whatever the
// packets' is. opts are such as ipvsadm accepts.
func NewTunnel(destination lvs.Addr, opts TunnelOptions) *Tunnel {
	if opts.Sources == [2]uint16{} {
		opts.Sources = [2]uint16{32768, 60999}
	}
	t := &Tunnel{opts: opts, v6: !destination.Is4(), sums: opts.sums()}
	t.remcsum = opts.Type == lvs.TunnelGUE && opts.Flags&lvs.TunnelRemCsum != 0
	t.size = t.network() + opts.size()
	t.fronts[0] = t.newFront(destination, header.ProtoIPIP, header.TypeIPv4)
	t.fronts[1] = t.newFront(destination, header.ProtoIPv6, header.TypeIPv6)
	t.id.Store(newID())
	return t
}

// sums reports whether what is between the IP headers has a checksum. Who leaves
// the inner one to a destination still has that of UDP.
func (o *TunnelOptions) sums() bool {
	switch o.Type {
	case lvs.TunnelGUE:
		return o.Flags != lvs.TunnelNoCsum
	case lvs.TunnelGRE:
		return o.Flags&lvs.TunnelCsum != 0
	}
	return false
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
	if t.remcsum {
		return t.size + remcsum(p)
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
	leave, size := t.leaves(p), t.Overhead(p)
	if !fits(p, size) || p.GSO.Kind != packet.GSONone || !leave && !finish(p) {
		return false
	}
	in := takeHop(p.Bytes()[p.L3:], copyDF)
	grow := header.EthernetSize + size - int(p.L3)
	if grow < 0 { // more tags than outer headers
		p.Pull(-grow)
		grow = 0
	}
	p.Push(grow)
	p.L3, p.L4 = header.EthernetSize, uint16(header.EthernetSize+t.network())
	f, b := &t.fronts[in.family], p.Bytes()
	if t.v6 {
		f.putIPv6((*frame6)(b), len(b)-len(frame6{}), in, src)
	} else {
		f.putIPv4((*frame4)(b), len(b)-header.EthernetSize, in, src.V4(), &t.id)
	}
	switch t.opts.Type {
	case lvs.TunnelGUE:
		t.putGUE(p, f, leave, hash)
	case lvs.TunnelGRE:
		t.putGRE(b[p.L4:], f)
	}
	p.Sum = packet.Partial{}
	return true
}

// fits reports whether p has room for outer headers of size bytes, and is no
// longer than an IP packet can be then.
func fits(p *packet.Packet, size int) bool {
	return p.Len()-int(p.L3)+size <= math.MaxUint16 && p.Start()+int(p.L3) >= header.EthernetSize+size
}
