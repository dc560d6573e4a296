package conformance

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// transport returns what p has behind its IP header, complete.
func (p *Packet) transport(protocol layers.IPProtocol, src, dst netip.AddrPort) ([]byte, error) {
	network := pseudo(src.Addr(), dst.Addr())
	data, err := p.data()
	if err != nil {
		return nil, err
	}
	switch protocol {
	case layers.IPProtocolTCP:
		h, err := p.tcp(src.Port(), dst.Port())
		if err != nil {
			return nil, err
		}
		return checked(network, h, h.SetNetworkLayerForChecksum, data)
	case layers.IPProtocolUDP:
		h := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
		return checked(network, h, h.SetNetworkLayerForChecksum, data)
	case layers.IPProtocolSCTP:
		chunks, err := p.chunks(data)
		if err != nil {
			return nil, err
		}
		h := &layers.SCTP{SrcPort: layers.SCTPPort(src.Port()), DstPort: layers.SCTPPort(dst.Port()), VerificationTag: 0x01020304}
		return serialize(h, gopacket.Payload(chunks))
	case layers.IPProtocolICMPv4:
		body, err := p.body()
		if err != nil {
			return nil, err
		}
		h := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(p.Type, p.Code), Id: uint16(p.MTU >> 16), Seq: uint16(p.MTU)}
		return serialize(h, gopacket.Payload(body))
	case layers.IPProtocolICMPv6:
		body, err := p.body()
		if err != nil {
			return nil, err
		}
		h := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(p.Type, p.Code)}
		return checked(network, h, h.SetNetworkLayerForChecksum, append(binary.BigEndian.AppendUint32(nil, p.MTU), body...))
	}
	return data, nil
}

// checked serializes h, whose checksum covers addresses too, and data.
func checked(network gopacket.NetworkLayer, h gopacket.SerializableLayer, set func(gopacket.NetworkLayer) error, data []byte) ([]byte, error) {
	if err := set(network); err != nil {
		return nil, err
	}
	return serialize(h, gopacket.Payload(data))
}

// pseudo returns the IP header of a checksum.
func pseudo(src, dst netip.Addr) gopacket.NetworkLayer {
	if src.Is4() {
		return &layers.IPv4{Version: 4, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	return &layers.IPv6{Version: 6, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

// data returns what is behind the transport header: a packet inside, or Data,
// padded to Size with bytes that are not all the same.
func (p *Packet) data() ([]byte, error) {
	if p.Inner != nil {
		inner, err := p.Inner.build()
		return slices.Concat(p.Header, inner), err
	}
	b := []byte(p.Data)
	for len(b) < p.Size {
		b = append(b, 'a'+byte(len(b)%23))
	}
	return b, nil
}

// body returns what an ICMP message has behind its eight bytes.
func (p *Packet) body() ([]byte, error) {
	if p.Quote == nil {
		return p.data()
	}
	b, err := p.Quote.build()
	if err != nil {
		return nil, err
	}
	if p.Cut > 0 && p.Cut < len(b) {
		b = b[:p.Cut]
	}
	return b, nil
}

func (p *Packet) tcp(src, dst uint16) (*layers.TCP, error) {
	h := &layers.TCP{SrcPort: layers.TCPPort(src), DstPort: layers.TCPPort(dst), Seq: p.Seq, Ack: p.Ack, Window: 64240}
	for _, letter := range p.Flags {
		switch letter {
		case 'S':
			h.SYN = true
		case 'A':
			h.ACK = true
		case 'F':
			h.FIN = true
		case 'R':
			h.RST = true
		case 'P':
			h.PSH = true
		case 'U':
			h.URG = true
		case '-': // none
		default:
			return nil, fmt.Errorf("%w: TCP flag %q", errPacket, letter)
		}
	}
	return h, nil
}

// chunkTypes are the numbers of SCTP's chunks (RFC 9260, section 3.2).
var chunkTypes = map[string]byte{
	"data": 0, "init": 1, "init-ack": 2, "sack": 3, "heartbeat": 4, "heartbeat-ack": 5, "abort": 6,
	"shutdown": 7, "shutdown-ack": 8, "error": 9, "cookie-echo": 10, "cookie-ack": 11, "shutdown-complete": 14,
}

// chunks returns the chunks of an SCTP packet. What is in them concerns no
// director, so it is Data in the first and nothing in the others.
func (p *Packet) chunks(value []byte) ([]byte, error) {
	var b []byte
	for name := range strings.SplitSeq(p.Chunk, "+") {
		number, ok := chunkTypes[name]
		if !ok {
			return nil, fmt.Errorf("%w: SCTP chunk %q", errPacket, name)
		}
		n := 4 + len(value)
		b = append(b, number, 0, byte(n>>8), byte(n))
		b = append(b, value...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		value = nil
	}
	return b, nil
}

// setHeaderChecksum sets the checksum of the IPv4 header that b begins with.
func setHeaderChecksum(b []byte) {
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], ^sum(b[:int(b[0]&15)*4]))
}

// sum returns the ones' complement sum of b (RFC 1071).
func sum(b []byte) uint16 {
	var total uint32
	for i := 0; i+1 < len(b); i += 2 {
		total += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		total += uint32(b[len(b)-1]) << 8
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}
