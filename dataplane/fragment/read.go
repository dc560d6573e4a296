package fragment

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// Read returns which datagram p belongs to, and which piece of it p is. It
// reports false if p is no fragment, if its headers are malformed, or if p.L3
// does not say where they begin. An IPv6 packet that is whole in spite of its
// fragment header (RFC 6946) is none.
func Read(p *packet.Packet) (Key, Piece, bool) {
	b := p.Bytes()
	if p.L3 == 0 || int(p.L3) >= len(b) {
		return Key{}, Piece{}, false
	}
	b = b[p.L3:]
	if b[0]>>4 == 4 {
		return read4(b)
	}
	return read6(b)
}

func read4(b []byte) (k Key, pc Piece, ok bool) {
	h, ok := header.ParseIPv4(b)
	if !ok || !h.IsFragment() {
		return k, pc, false
	}
	k = Key{Src: lvs.Addr4(h.Src()), Dst: lvs.Addr4(h.Dst()), ID: uint32(h.ID()), Proto: lvs.Protocol(h.Proto())}
	pc = Piece{Offset: h.FragmentOffset(), Len: len(h.Payload()), More: h.MoreFragments()}
	pc.Tiny = pc.Offset == 0 && pc.Len < needed(h.Proto())
	return k, pc, true
}

func read6(b []byte) (k Key, pc Piece, ok bool) {
	h, ok := header.ParseIPv6(b)
	if !ok {
		return k, pc, false
	}
	t, ok := h.Transport()
	if !ok || !t.MoreFragments && t.FragmentOffset == 0 {
		return k, pc, false
	}
	k = Key{Src: lvs.Addr16(h.Src()), Dst: lvs.Addr16(h.Dst()), ID: t.FragmentID}
	if k.Src.Is4() || k.Dst.Is4() {
		return Key{}, pc, false // would pass for IPv4 here
	}
	pc = Piece{Offset: t.FragmentOffset, Len: len(h) - dataOffset(h), More: t.MoreFragments}
	pc.Tiny = pc.Offset == 0 && len(h)-t.Offset < needed(t.Proto)
	return k, pc, true
}

// protoFragment is the fragment header's number (RFC 8200, section 4.5). Like
// every extension header it says first what comes next, then how long it is in
// units of 8 bytes, not counting the first; its own length is reserved.
const (
	protoFragment = 44
	fragmentSize  = 8
)

// dataOffset returns where the piece begins in h, which is behind the fragment
// header: other extension headers may follow that and are part of the first
// piece. There is a fragment header, and Transport has walked to it.
func dataOffset(h header.IPv6) int {
	proto, at := h.NextHeader(), header.IPv6Size
	for proto != protoFragment {
		proto, at = h[at], at+int(h[at+1])*8+8
	}
	return at + fragmentSize
}

// needed returns how many bytes of a transport packet its first piece must hold
// for the director: what is read to find its connection and to step that, and
// the checksum that NAT changes.
func needed(proto uint8) int {
	switch proto {
	case header.ProtoTCP:
		return header.TCPSize
	case header.ProtoUDP:
		return header.UDPSize
	case header.ProtoSCTP:
		return header.SCTPSize + header.ChunkSize
	case header.ProtoICMP, header.ProtoICMPv6:
		return header.ICMPSize
	case header.ProtoESP:
		return header.ESPSize
	case header.ProtoAH:
		return header.AHSize
	}
	return 0
}
