package steer

import (
	"encoding/binary"

	"xlvs/lvs"
)

// Numbers that the Go and the BPF classifier both read by (IEEE 802.1Q and
// 802.1ad, RFC 791, RFC 8200).
const (
	typeIPv4 = 0x0800
	typeIPv6 = 0x86dd
	typeVLAN = 0x8100
	typeQinQ = 0x88a8

	ethernetSize  = 14
	vlanSize      = 4
	ipv4Size      = 20
	ipv6Size      = 40
	extensionSize = 8 // the shortest of them
	icmpSize      = 8
	portsSize     = 4

	protoHopByHop    = 0
	protoRouting     = 43
	protoFragment    = 44
	protoDestOptions = 60

	maxTags       = 2
	maxExtensions = 6

	ipv4More   = 0x2000 // other pieces of the datagram follow
	ipv4Offset = 0x1fff
	ipv6More   = 0x0001
	ipv6Offset = 0xfff8
)

// ICMP errors that are about a connection (RFC 792); in ICMPv6 every type below
// icmpv6Info is an error (RFC 4443).
const (
	icmpUnreachable  = 3
	icmpSourceQuench = 4
	icmpTimeExceeded = 11
	icmpv6Info       = 128

	icmpEcho   = 8
	icmpv6Echo = 128
)

// A flow is what a frame says about itself, or, if it is an ICMP error, about
// the packet that it quotes.
type flow struct {
	tuple    lvs.Tuple
	portless bool // a piece of a datagram, AH, ESP, or a request for an echo
	quoted   bool // the tuple is of the packet inside an ICMP error
}

// read finds the flow of frame. It reports false if the frame is not unicast
// TCP, UDP, SCTP, AH or ESP, nor an error about such, nor a request for an echo,
// nor a piece of any ICMP message, or is too short to tell. Only the frame's end
// bounds it: lengths inside are for the director to doubt.
func read(frame []byte) (flow, bool) {
	etherType, b, ok := ethernet(frame)
	if !ok {
		return flow{}, false
	}
	f, b, ok := internet(etherType, b, false)
	proto := f.tuple.Proto
	switch {
	case !ok:
		return flow{}, false
	case f.portless:
		return f, hasPorts(proto) || isIPsec(proto) || isICMP(proto)
	case isEcho(etherType, proto, b):
		f.portless = true
		return f, true
	case isError(etherType, proto, b):
		f, b, ok = internet(etherType, b[icmpSize:], true)
		f.quoted = true
		if !ok || f.portless && hasPorts(f.tuple.Proto) { // without them no connection is found
			return flow{}, false
		}
	}
	return f.transport(b)
}

// transport reads the ports of a protocol that has some, at the front of b.
func (f flow) transport(b []byte) (flow, bool) {
	if isIPsec(f.tuple.Proto) {
		f.portless = true
		return f, true
	}
	if !hasPorts(f.tuple.Proto) || len(b) < portsSize {
		return flow{}, false
	}
	f.tuple.SrcPort = binary.BigEndian.Uint16(b)
	f.tuple.DstPort = binary.BigEndian.Uint16(b[2:])
	return f, true
}

// ethernet returns what is behind the Ethernet header and the VLAN tags.
func ethernet(b []byte) (etherType uint16, payload []byte, ok bool) {
	if len(b) < ethernetSize || b[0]&1 != 0 { // multicast and broadcast
		return 0, nil, false
	}
	if binary.BigEndian.Uint64(b[4:])&(1<<48-1) == HostStamp {
		return 0, nil, false
	}
	etherType, b = binary.BigEndian.Uint16(b[12:]), b[ethernetSize:]
	for range maxTags {
		if etherType != typeVLAN && etherType != typeQinQ {
			break
		}
		if len(b) < vlanSize {
			return 0, nil, false
		}
		etherType, b = binary.BigEndian.Uint16(b[2:]), b[vlanSize:]
	}
	return etherType, b, true
}

// internet reads the IP header and returns what is behind it. The flow has no
// ports yet.
func internet(etherType uint16, b []byte, quoted bool) (f flow, payload []byte, ok bool) {
	switch etherType {
	case typeIPv4:
		return ipv4(b, quoted)
	case typeIPv6:
		return ipv6(b, quoted)
	}
	return flow{}, nil, false
}

// portlessBits returns the bits that tell a packet whose ports are not looked at.
// All pieces of a datagram must go the same way, and only the first has ports, so
// on the wire none goes by them. A quoted first piece does: there are no others.
func portlessBits(offset, more uint16, quoted bool) uint16 {
	if quoted {
		return offset
	}
	return offset | more
}

// ipv4 steps over options; a header that the frame cuts off is unreadable.
func ipv4(b []byte, quoted bool) (f flow, payload []byte, ok bool) {
	if len(b) < ipv4Size || b[0]>>4 != 4 {
		return flow{}, nil, false
	}
	size := int(b[0]&15) * 4
	if size < ipv4Size || size > len(b) {
		return flow{}, nil, false
	}
	f.tuple.Proto = lvs.Protocol(b[9])
	f.tuple.Src = lvs.Addr4(binary.BigEndian.Uint32(b[12:]))
	f.tuple.Dst = lvs.Addr4(binary.BigEndian.Uint32(b[16:]))
	f.portless = binary.BigEndian.Uint16(b[6:])&portlessBits(ipv4Offset, ipv4More, quoted) != 0
	return f, b[size:], true
}

// ipv6 steps over extension headers. It refuses IPv4-mapped addresses, as the
// kernel does: they are not for the wire, and would pass for the IPv4 addresses
// that they spell. Of a piece, the protocol is what the fragment header names, be
// it another extension header: later pieces do not say more.
func ipv6(b []byte, quoted bool) (f flow, payload []byte, ok bool) {
	if len(b) < ipv6Size || b[0]>>4 != 6 {
		return flow{}, nil, false
	}
	f.tuple.Proto = lvs.Protocol(b[6])
	f.tuple.Src, f.tuple.Dst = lvs.Addr16(b[8:]), lvs.Addr16(b[24:])
	if f.tuple.Src.Is4() || f.tuple.Dst.Is4() {
		return flow{}, nil, false
	}
	b = b[ipv6Size:]
	for range maxExtensions {
		if !isExtension(f.tuple.Proto) {
			break
		}
		if len(b) < extensionSize {
			return flow{}, nil, false
		}
		size := extensionLen(f.tuple.Proto, b)
		f.portless = f.tuple.Proto == protoFragment &&
			binary.BigEndian.Uint16(b[2:])&portlessBits(ipv6Offset, ipv6More, quoted) != 0
		f.tuple.Proto = lvs.Protocol(b[0])
		if f.portless {
			break
		}
		if size > len(b) {
			return flow{}, nil, false
		}
		b = b[size:]
	}
	return f, b, true
}

// extensionLen returns the length of the extension header at the front of b.
func extensionLen(proto lvs.Protocol, b []byte) int {
	if proto == protoFragment {
		return extensionSize
	}
	return (int(b[1]) + 1) * 8
}

// isExtension reports whether p is an extension header. AH is a protocol of its
// own, as over IPv4.
func isExtension(p lvs.Protocol) bool {
	switch p {
	case protoHopByHop, protoRouting, protoFragment, protoDestOptions:
		return true
	}
	return false
}

func hasPorts(p lvs.Protocol) bool { return p == lvs.TCP || p == lvs.UDP || p == lvs.SCTP }

func isIPsec(p lvs.Protocol) bool { return p == lvs.AH || p == lvs.ESP }

func isICMP(p lvs.Protocol) bool { return p == lvs.ICMP || p == lvs.ICMPv6 }

// isEcho reports whether b is a request for an echo of the right IP version.
func isEcho(etherType uint16, p lvs.Protocol, b []byte) bool {
	if len(b) < icmpSize {
		return false
	}
	if etherType == typeIPv4 {
		return p == lvs.ICMP && b[0] == icmpEcho
	}
	return p == lvs.ICMPv6 && b[0] == icmpv6Echo
}

// isError reports whether b is an ICMP error of the right IP version.
func isError(etherType uint16, p lvs.Protocol, b []byte) bool {
	if len(b) < icmpSize {
		return false
	}
	if etherType == typeIPv4 {
		return p == lvs.ICMP && (b[0] == icmpUnreachable || b[0] == icmpSourceQuench || b[0] == icmpTimeExceeded)
	}
	return p == lvs.ICMPv6 && b[0] < icmpv6Info
}
