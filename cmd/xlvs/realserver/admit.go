package realserver

import (
	"net/netip"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/encap"
	"xlvs/lvs"
)

// take takes p out of its tunnel, and makes it one that the host understands. It
// reports false for what is in no tunnel of the door's, is damaged, or is not
// for a virtual address: who can reach the tunnel must not reach with it
// what the host's packet filter keeps from them.
func (t *tunnels) take(p *packet.Packet, d door, port uint16) bool {
	if !encap.Pop(p, port) {
		return d.kind == lvs.TunnelGRE && t.takeMerged(p)
	}
	dst, ok := destination(p)
	if !ok || !t.vips[dst] {
		return false
	}
	findUnfinished(p)
	finish(p)
	return true
}

// takeMerged is take for a packet that the kernel has put together from several,
// whose checksums were right: that of GRE has not been made anew, and that of
// TCP is left unfinished, which tells such a packet.
func (t *tunnels) takeMerged(p *packet.Packet) bool {
	p.Sum = packet.Partial{Start: p.L3, Field: p.L3} // has the checksum of GRE not be looked at
	if !encap.Pop(p, 0) {
		return false
	}
	p.Sum = packet.Partial{}
	dst, ok := destination(p)
	findUnfinished(p)
	if !ok || !t.vips[dst] || p.Sum == (packet.Partial{}) {
		return false
	}
	finish(p)
	return true
}

// destination returns where the packet in p is for. It reports false if its
// header is damaged.
func destination(p *packet.Packet) (netip.Addr, bool) {
	b := p.Bytes()[p.L3:]
	if h, ok := header.ParseIPv4(b); ok {
		return netip.AddrFrom4([4]byte(h[16:20])), h.ChecksumOK()
	}
	h, ok := header.ParseIPv6(b)
	if !ok {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16([16]byte(h.Dst())), true
}

// findUnfinished notes in p.Sum that the transport checksum was left to a device.
// So it is when the kernel has put several packets of a connection together, and
// a sender on this machine may do so, too. Over what else is wrong with the
// checksum the host shall judge.
func findUnfinished(p *packet.Packet) {
	proto, pseudo, ok := findTransport(p)
	var field int
	switch {
	case !ok:
		return
	case proto == header.ProtoTCP:
		field = header.TCPChecksumOffset
	case proto == header.ProtoUDP:
		field = header.UDPChecksumOffset
	default:
		return
	}
	b := p.Bytes()[p.L4:]
	if len(b) >= field+2 && checksum.Unfinished(b, field, pseudo) {
		p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + uint16(field)}
	}
}

// findTransport sets p.L4 and returns the protocol and the sum of its pseudo
// header. It reports false for a fragment, and for what it cannot read.
func findTransport(p *packet.Packet) (proto uint8, pseudo uint64, ok bool) {
	b := p.Bytes()[p.L3:]
	if h, ok := header.ParseIPv4(b); ok {
		p.L4 = p.L3 + uint16(h.HeaderLen())
		return h.Proto(), checksum.Pseudo4(h.Src(), h.Dst(), h.Proto(), len(h.Payload())), !h.IsFragment()
	}
	h, ok := header.ParseIPv6(b)
	if !ok {
		return 0, 0, false
	}
	l4, ok := h.Transport()
	if !ok {
		return 0, 0, false
	}
	p.L4 = p.L3 + uint16(l4.Offset)
	return l4.Proto, checksum.Pseudo6(h.Src(), h.Dst(), l4.Proto, len(h)-l4.Offset), !l4.Fragment
}

// finish finishes the checksum that p.Sum is about, which Pop or findUnfinished
// has found to be in the packet.
func finish(p *packet.Packet) {
	if p.Sum == (packet.Partial{}) {
		return
	}
	checksum.Finish(p.Bytes()[p.Sum.Start:], int(p.Sum.Field-p.Sum.Start))
	p.Sum = packet.Partial{}
}
