package encap

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// Pop takes p out of its tunnel, as a real server does; p.L3 is that of the
// outer packet. Which type of tunnel it is the packet tells: gue goes to port,
// 0 if there is none. The frame is then between the same stations, without tags.
// L4 is to be found anew. What a remcsum tunnel left unfinished is p.Sum's.
//
// Pop reports false, and leaves p as it was, if that is no whole packet in a
// tunnel, a checksum in front of the inner packet is wrong, or the outer packet
// met congestion of which the inner one cannot tell. The inner packet's own
// checksums are not looked at.
func Pop(p *packet.Packet, port uint16) bool {
	if p.GSO.Kind != packet.GSONone {
		return false
	}
	// What has a checksum to be finished comes from this host: no wire can have
	// garbled it.
	w := wrapping{verify: p.Sum == packet.Partial{}, port: port}
	b := p.Bytes()[p.L3:]
	inner, ok := w.read(b)
	if !ok {
		return false
	}
	class := classOf(inner)
	if class, ok = innerClass(w.class, class); !ok {
		return false
	}
	if class != classOf(inner) {
		setClass(inner, class)
	}
	w.takeOff(p, len(inner))
	return true
}

// takeOff leaves of p's frame the n bytes of the inner packet behind what w has
// read, and an Ethernet header.
func (w *wrapping) takeOff(p *packet.Packet, n int) {
	at := int(p.L3) + w.size
	stations := [2 * len(header.MAC{})]byte(p.Bytes())
	p.Truncate(at + n)
	p.Pull(at - header.EthernetSize)
	frame := header.Ethernet(p.Bytes())
	copy(frame, stations[:])
	frame.SetType(header.TypeIPv4)
	if w.proto == header.ProtoIPv6 {
		frame.SetType(header.TypeIPv6)
	}
	p.L3, p.L4 = header.EthernetSize, 0
	if w.remcsum {
		p.Sum = packet.Partial{Start: p.L3 + w.left.Start, Field: p.L3 + w.left.Field}
	}
}

// A wrapping is what is read of a packet in a tunnel, from the outside in.
type wrapping struct {
	verify  bool           // look at checksums
	port    uint16         // of gue
	class   uint8          // of the outer IP header
	pseudo  uint64         // sum of the outer packet's pseudo header, but for the length
	proto   uint8          // of what is behind what was read
	size    int            // of what was read
	remcsum bool           // left is to be finished
	left    packet.Partial // offsets in the inner packet
}

// read returns the inner packet of b, with nothing behind it.
func (w *wrapping) read(b []byte) (inner []byte, ok bool) {
	if b, ok = w.readNetwork(b); !ok {
		return nil, false
	}
	switch w.proto {
	case header.ProtoGRE:
		b, ok = w.readGRE(b)
	case header.ProtoUDP:
		b, ok = w.readGUE(b)
	}
	if !ok {
		return nil, false
	}
	switch w.proto {
	case header.ProtoIPIP:
		inner, ok = header.ParseIPv4(b)
	case header.ProtoIPv6:
		inner, ok = header.ParseIPv6(b)
	default:
		return nil, false
	}
	return inner, ok && (!w.remcsum || w.leftIn(inner))
}

// leftIn reports whether the checksum that is left is one of a transport header
// in inner.
func (w *wrapping) leftIn(inner []byte) bool {
	return w.left.Start >= header.IPv4Size && w.left.Field >= w.left.Start && int(w.left.Field)+2 <= len(inner)
}

// readNetwork reads the outer IP header of b, and returns what is behind it. Of
// a fragment that would not be enough.
func (w *wrapping) readNetwork(b []byte) ([]byte, bool) {
	if h, ok := header.ParseIPv4(b); ok {
		w.class, w.proto, w.size = h.TOS(), h.Proto(), h.HeaderLen()
		w.pseudo = checksum.Pseudo4(h.Src(), h.Dst(), w.proto, 0)
		return h.Payload(), h.ChecksumOK() && !h.IsFragment()
	}
	h, ok := header.ParseIPv6(b)
	if !ok {
		return nil, false
	}
	t, ok := h.Transport()
	if !ok || t.MoreFragments || t.FragmentOffset != 0 {
		return nil, false
	}
	w.class, w.proto, w.size = h.TrafficClass(), t.Proto, t.Offset
	w.pseudo = checksum.Pseudo6(h.Src(), h.Dst(), w.proto, 0)
	return h[t.Offset:], true
}
