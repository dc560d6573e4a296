package steer

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"xlvs/lvs"
)

// What the tests' rules are about: clients are 203.0.113.7 and 2001:db8:7::7,
// real servers 198.51.100.9 and 2001:db8:9::9.
func testRules() Rules {
	r := Rules{}
	r.AddService(lvs.TCP, addr("192.0.2.1"), 80)
	r.AddService(lvs.UDP, addr("192.0.2.1"), 53)
	r.AddService(lvs.SCTP, addr("192.0.2.1"), 3868)
	r.AddService(lvs.TCP, addr("192.0.2.2"), 0)
	r.AddService(lvs.TCP, addr("2001:db8::1"), 443)
	r.AddService(lvs.UDP, addr("2001:db8::1"), 53)
	r.AddReply(lvs.TCP, addr("198.51.100.9"), 8080)
	r.AddReply(lvs.UDP, addr("198.51.100.10"), 0)
	r.AddReply(lvs.TCP, addr("2001:db8:9::9"), 8443)
	r.AddService(lvs.TCP, addr(unheld4), 80)
	r.AddUnheld(addr(unheld4))
	r.AddUnheld(addr(unheld6))
	r.AddClient(lvs.TCP, addr("198.51.100.1"), 40000)
	r.AddLocal(addr("192.0.2.1")) // a VIP on an interface of the host
	r.AddLocal(addr("198.51.100.1"))
	r.AddLocal(addr("198.51.100.20"))
	r.AddLocal(addr("2001:db8:9::1"))
	portless(r)
	addPools(r)
	return r
}

func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

var serialize = gopacket.SerializeOptions{FixLengths: true}

func build(l ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, serialize, l...); err != nil {
		panic(err) // the tests' own frames
	}
	return buf.Bytes()
}

// ip returns an IP packet with payload, of the version of its addresses.
func ip(proto layers.IPProtocol, src, dst netip.Addr, payload ...gopacket.SerializableLayer) []byte {
	var h gopacket.SerializableLayer
	if src.Is4() {
		h = &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	} else {
		h = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	return build(append([]gopacket.SerializableLayer{h}, payload...)...)
}

// packet returns a packet of proto between two endpoints.
func packet(proto lvs.Protocol, from, to string) []byte {
	src, dst := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	var l4 gopacket.SerializableLayer
	switch proto {
	case lvs.TCP:
		l4 = &layers.TCP{SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), SYN: true}
	case lvs.UDP:
		l4 = &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	case lvs.SCTP:
		l4 = &layers.SCTP{SrcPort: layers.SCTPPort(src.Port()), DstPort: layers.SCTPPort(dst.Port())}
	default: // looks as if it had ports
		l4 = gopacket.Payload(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, src.Port()), dst.Port()))
	}
	return ip(layers.IPProtocol(proto), src.Addr(), dst.Addr(), l4, gopacket.Payload("payload"))
}

func tcp(from, to string) []byte { return packet(lvs.TCP, from, to) }
func udp(from, to string) []byte { return packet(lvs.UDP, from, to) }

// icmp returns an ICMP message of type kind, of the version of its addresses.
func icmp(kind uint8, from, to string, quoted []byte) []byte {
	src, dst := netip.MustParseAddr(from), netip.MustParseAddr(to)
	if src.Is4() {
		return ip(layers.IPProtocolICMPv4, src, dst,
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 0)}, gopacket.Payload(quoted))
	}
	return ip(layers.IPProtocolICMPv6, src, dst,
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}, gopacket.Payload(make([]byte, 4)), gopacket.Payload(quoted))
}

// frame puts packet behind an Ethernet header with VLAN tags, outermost first,
// without padding.
func frame(packet []byte, tags ...layers.EthernetType) []byte {
	inner := layers.EthernetTypeIPv4
	if packet[0]>>4 == 6 {
		inner = layers.EthernetTypeIPv6
	}
	types := append(tags, inner)
	eth := &layers.Ethernet{
		SrcMAC: net.HardwareAddr{2, 0, 0x5e, 0, 0, 7}, DstMAC: net.HardwareAddr{2, 0, 0x5e, 0, 0, 1}, EthernetType: types[0],
	}
	l := []gopacket.SerializableLayer{eth}
	for i := range tags {
		l = append(l, &layers.Dot1Q{VLANIdentifier: 7, Type: types[i+1]})
	}
	padded := build(append(l, gopacket.Payload(packet))...)
	return padded[:ethernetSize+vlanSize*len(tags)+len(packet)]
}

// fragment4 makes an IPv4 packet a fragment at offset, in units of eight, and not
// the last.
func fragment4(packet []byte, offset uint16) []byte {
	binary.BigEndian.PutUint16(packet[6:], ipv4More|offset)
	return packet
}

// last4 is fragment4 that is the last.
func last4(packet []byte, offset uint16) []byte {
	binary.BigEndian.PutUint16(packet[6:], offset)
	return packet
}

// options4 puts n bytes of no-operation options into an IPv4 packet.
func options4(packet []byte, n int) []byte {
	out := append([]byte(nil), packet[:ipv4Size]...)
	for range n {
		out = append(out, 1)
	}
	out[0] += uint8(n / 4)
	binary.BigEndian.PutUint16(out[2:], uint16(len(packet)+n))
	return append(out, packet[ipv4Size:]...)
}

// An extension is an IPv6 extension header whose first byte is not set yet.
type extension struct {
	kind uint8
	b    []byte
}

func hopByHop() extension { return extension{protoHopByHop, make([]byte, 8)} }
func destOptions() extension {
	return extension{protoDestOptions, append([]byte{0, 1}, make([]byte, 14)...)}
}
func routing() extension { return extension{protoRouting, append([]byte{0, 2}, make([]byte, 22)...)} }
func ah() extension      { return extension{uint8(lvs.AH), append([]byte{0, 4}, make([]byte, 22)...)} }

// fragment6 is at offset, in units of eight, and not the last; its reserved bits
// are not zero, which receivers ignore.
func fragment6(offset uint16) extension {
	return extension{protoFragment, []byte{0, 0xff, byte(offset >> 5), byte(offset<<3) | 7, 0, 0, 0, 9}}
}

// last6 is fragment6 that is the last; at offset 0 it is the whole datagram.
func last6(offset uint16) extension {
	e := fragment6(offset)
	e.b[3] &^= 1
	return e
}

// atomic is a fragment header before a datagram in one piece (RFC 6946).
func atomic() extension { return last6(0) }

// extend puts extension headers behind the header of an IPv6 packet.
func extend(packet []byte, exts ...extension) []byte {
	out := append([]byte(nil), packet[:ipv6Size]...)
	next := &out[6]
	transport := *next
	for _, e := range exts {
		*next = e.kind
		out = append(out, e.b...)
		next = &out[len(out)-len(e.b)]
	}
	*next = transport
	out = append(out, packet[ipv6Size:]...)
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-ipv6Size))
	return out
}

// set returns b with one byte changed.
func set(b []byte, i int, v byte) []byte {
	b[i] = v
	return b
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
