package packettest

import (
	"encoding/binary"
	"net/netip"

	"xlvs/dataplane/header"
)

// ttl is the time to live, or hop limit, of every frame that is built.
const ttl = 64

// The most that an ICMP error may have, so that it is never fragmented
// (RFC 1812, section 4.3.2.3; RFC 4443, section 2.4 (c)).
const (
	maxError4 = 576
	maxError6 = 1280
)

// TCP returns a frame with a TCP segment from src to dst, both of them as
// "192.0.2.1:80" or "[2001:db8::1]:80". Its sequence and acknowledgment numbers
// are 1, its window is 65535, and it has no options.
func TCP(src, dst string, flags header.TCPFlags, payload string) []byte {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	h := make(header.TCP, header.TCPSize, header.TCPSize+len(payload))
	h.SetSrcPort(s.Port())
	h.SetDstPort(d.Port())
	h.SetSeq(1)
	h.SetAck(1)
	h.SetDataOffset(header.TCPSize)
	h.SetFlags(flags)
	h.SetWindow(65535)
	return network(s.Addr(), d.Addr(), header.ProtoTCP, append(h, payload...))
}

// UDP returns a frame with a UDP datagram from src to dst, as in TCP.
func UDP(src, dst, payload string) []byte {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	h := make(header.UDP, header.UDPSize, header.UDPSize+len(payload))
	h.SetSrcPort(s.Port())
	h.SetDstPort(d.Port())
	h.SetLength(header.UDPSize + len(payload))
	return network(s.Addr(), d.Addr(), header.ProtoUDP, append(h, payload...))
}

// ICMP returns a frame with an ICMP message from src to dst, ICMPv6 if these
// are IPv6 addresses. The meaning of rest depends on the type: for an echo it
// is identifier<<16 | sequence number.
func ICMP(src, dst string, typ, code uint8, rest uint32, payload string) []byte {
	s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	h := make(header.ICMP, header.ICMPSize, header.ICMPSize+len(payload))
	h.SetType(typ)
	h.SetCode(code)
	h.SetRest(rest)
	proto := header.ProtoICMP
	if s.Is6() {
		proto = header.ProtoICMPv6
	}
	return network(s, d, proto, append(h, payload...))
}

// ICMPError returns a frame with an ICMP error about the packet in frame, which
// it quotes as far as such an error may. It goes from src, a router or host, to
// the packet's source. For "too big" types rest is the MTU.
func ICMPError(src string, typ, code uint8, rest uint32, frame []byte) []byte {
	ip := Network(frame)
	if h, ok := header.ParseIPv4(ip); ok {
		quote := h[:min(len(h), maxError4-header.IPv4Size-header.ICMPSize)]
		return ICMP(src, addr4(h.Src()).String(), typ, code, rest, string(quote))
	}
	h, ok := header.ParseIPv6(ip)
	if !ok {
		panic("packettest: ICMP error about a frame without an IP packet")
	}
	quote := h[:min(len(h), maxError6-header.IPv6Size-header.ICMPSize)]
	return ICMP(src, netip.AddrFrom16([16]byte(h.Src())).String(), typ, code, rest, string(quote))
}

// IP returns a frame with a packet of any protocol from src to dst.
func IP(src, dst string, proto uint8, payload []byte) []byte {
	return network(netip.MustParseAddr(src), netip.MustParseAddr(dst), proto, payload)
}

// ARP returns a frame with an ARP packet; a request has a zero targetMAC, and
// goes to all stations.
func ARP(op uint16, senderMAC header.MAC, sender string, targetMAC header.MAC, target string) []byte {
	frame := ethernet(header.TypeARP, header.ARPSize)
	frame.SetSrc(senderMAC)
	frame.SetDst(targetMAC)
	if targetMAC.IsZero() {
		frame.SetDst(Broadcast())
	}
	h := header.PutARP(frame.Payload(), op)
	h.SetSenderMAC(senderMAC)
	h.SetSenderIP(number4(netip.MustParseAddr(sender)))
	h.SetTargetMAC(targetMAC)
	h.SetTargetIP(number4(netip.MustParseAddr(target)))
	return frame
}

// ethernet returns a frame with room for n bytes after its header.
func ethernet(etherType uint16, n int) header.Ethernet {
	h := make(header.Ethernet, header.EthernetSize+n)
	h.SetDst(DirectorMAC())
	h.SetSrc(ClientMAC())
	h.SetType(etherType)
	return h
}

// network returns the finished frame that carries payload from src to dst.
func network(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	if src.Is4() != dst.Is4() {
		panic("packettest: " + src.String() + " and " + dst.String() + " are of different families")
	}
	if src.Is4() {
		return finish(ipv4(src, dst, proto, payload))
	}
	return finish(ipv6(src, dst, proto, payload))
}

// ipv4 returns a frame with an IPv4 packet that must not be fragmented.
func ipv4(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	frame := ethernet(header.TypeIPv4, header.IPv4Size+len(payload))
	h := header.IPv4(frame.Payload())
	h.SetHeaderLen(header.IPv4Size)
	h.SetTotalLen(len(h))
	h.SetFragment(header.IPv4DontFragment, 0)
	h.SetTTL(ttl)
	h.SetProto(proto)
	h.SetSrc(number4(src))
	h.SetDst(number4(dst))
	copy(h.Payload(), payload)
	return frame
}

// ipv6 returns a frame with an IPv6 packet without extension headers.
func ipv6(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	frame := ethernet(header.TypeIPv6, header.IPv6Size+len(payload))
	h := header.IPv6(frame.Payload())
	h.SetFlow(0, 0)
	h.SetPayloadLen(len(payload))
	h.SetNextHeader(proto)
	h.SetHopLimit(ttl)
	h.SetSrc(src.AsSlice())
	h.SetDst(dst.AsSlice())
	copy(h.Payload(), payload)
	return frame
}

// number4 returns an IPv4 address as package header has it.
func number4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// addr4 is the inverse of number4.
func addr4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}
