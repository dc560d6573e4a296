package conformance

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// errPacket is wrapped by the errors of packets that mean nothing.
var errPacket = errors.New("no such packet")

// Numbers of protocols, where gopacket's names would be longer.
var protocols = map[string]layers.IPProtocol{
	"tcp": layers.IPProtocolTCP, "udp": layers.IPProtocolUDP, "sctp": layers.IPProtocolSCTP,
	"icmp": layers.IPProtocolICMPv4, "icmp6": layers.IPProtocolICMPv6,
}

// The ways in which a packet can be broken: the first bytes of Packet.Broken.
const (
	brokenHeader   = "ip-checksum" // of the IPv4 header
	brokenChecksum = "checksum"    // of the transport header
	noChecksum     = "no-checksum" // which UDP may do over IPv4
	truncated      = "short"       // in the transport header
)

// build returns the packet that p describes, from its IP header on.
func (p *Packet) build() ([]byte, error) {
	b, err := p.parts()
	if err != nil {
		return nil, fmt.Errorf("build %v: %w", p, err)
	}
	return b, nil
}

func (p *Packet) parts() ([]byte, error) {
	if p.Literal != "" {
		return literal(p.Literal)
	}
	src, err := parseEndpoint(p.Src)
	if err != nil {
		return nil, err
	}
	dst, err := parseEndpoint(p.Dst)
	if err != nil {
		return nil, err
	}
	if src.Addr().Is4() != dst.Addr().Is4() {
		return nil, fmt.Errorf("%w: two IP versions", errPacket)
	}
	protocol, err := p.protocol()
	if err != nil {
		return nil, err
	}
	payload, err := p.transport(protocol, src, dst)
	if err != nil {
		return nil, err
	}
	if payload, err = p.damage(protocol, payload); err != nil {
		return nil, err
	}
	if err := p.unfinish(protocol, src.Addr(), dst.Addr(), payload); err != nil {
		return nil, err
	}
	if src.Addr().Is4() {
		return p.version4(protocol, src.Addr(), dst.Addr(), payload)
	}
	return p.version6(protocol, src.Addr(), dst.Addr(), payload)
}

// literal returns the packet that is s in hex.
func literal(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPacket, err)
	}
	if least := map[byte]int{'4': 20, '6': 40}[s[0]]; least == 0 || len(b) < least {
		return nil, fmt.Errorf("%w: %d bytes that begin with %.1s", errPacket, len(b), s)
	}
	return b, nil
}

// parseEndpoint parses an address, or an address and a port.
func parseEndpoint(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 0), nil
	}
	return netip.ParseAddrPort(s)
}

func (p *Packet) protocol() (layers.IPProtocol, error) {
	if n, ok := protocols[p.Proto]; ok {
		return n, nil
	}
	n, err := strconv.ParseUint(p.Proto, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%w: protocol %q", errPacket, p.Proto)
	}
	return layers.IPProtocol(n), nil
}

// unfinish leaves the sum of the pseudo header in the checksum of a transport header,
// if p wants it.
func (p *Packet) unfinish(protocol layers.IPProtocol, src, dst netip.Addr, b []byte) error {
	field := checksumFields[byte(protocol)]
	switch {
	case !p.Unfinished:
		return nil
	case field == 0 || p.Fragment != nil || len(b) < field+2:
		return fmt.Errorf("%w: %s without a checksum to finish", errPacket, p.Proto)
	}
	pseudo := slices.Concat(src.AsSlice(), dst.AsSlice(), []byte{0, byte(protocol), byte(len(b) >> 8), byte(len(b))})
	binary.BigEndian.PutUint16(b[field:], sum(pseudo))
	return nil
}

// damage does to a transport header what p.Broken says.
func (p *Packet) damage(protocol layers.IPProtocol, b []byte) ([]byte, error) {
	offset := map[layers.IPProtocol]int{
		layers.IPProtocolTCP: 16, layers.IPProtocolUDP: 6, layers.IPProtocolSCTP: 8,
		layers.IPProtocolICMPv4: 2, layers.IPProtocolICMPv6: 2,
	}[protocol]
	switch {
	case p.Broken == "" || p.Broken == brokenHeader:
	case p.Broken == brokenChecksum && offset > 0:
		b[offset] ^= 0x55
	case p.Broken == noChecksum && protocol == layers.IPProtocolUDP:
		b[offset], b[offset+1] = 0, 0
	case p.Broken == truncated && len(b) > 6:
		b = b[:6]
	default:
		return nil, fmt.Errorf("%w: broken %q", errPacket, p.Broken)
	}
	return b, nil
}

// fragmentOf returns the part of b that p carries.
func (p *Packet) fragmentOf(b []byte) ([]byte, error) {
	f := p.Fragment
	if f == nil {
		return b, nil
	}
	if f.Offset < 0 || f.Offset%8 != 0 || f.Length <= 0 || f.Offset+f.Length > len(b) {
		return nil, fmt.Errorf("%w: fragment %d+%d of %d bytes", errPacket, f.Offset, f.Length, len(b))
	}
	return b[f.Offset : f.Offset+f.Length], nil
}

func (p *Packet) ttl() uint8 {
	if p.TTL == 0 {
		return 64
	}
	return p.TTL
}

func (p *Packet) version4(protocol layers.IPProtocol, src, dst netip.Addr, payload []byte) ([]byte, error) {
	payload, err := p.fragmentOf(payload)
	if err != nil {
		return nil, err
	}
	h := layers.IPv4{
		Version: 4, IHL: 5, TOS: p.TOS, Id: p.ID, TTL: p.ttl(), Protocol: protocol,
		SrcIP: src.AsSlice(), DstIP: dst.AsSlice(),
	}
	if p.DF {
		h.Flags |= layers.IPv4DontFragment
	}
	if f := p.Fragment; f != nil {
		h.FragOffset = uint16(f.Offset / 8)
		if f.More {
			h.Flags |= layers.IPv4MoreFragments
		}
	}
	b, err := serialize(&h, gopacket.Payload(payload))
	if err != nil {
		return nil, err
	}
	if len(p.Options) > 0 {
		b = withOptions(b, p.Options)
	}
	if p.Broken == brokenHeader {
		b[10] ^= 0x55
	}
	return b, nil
}

// withOptions puts options into an IPv4 packet without any. gopacket would want
// to know what they mean.
func withOptions(b, options []byte) []byte {
	padded := slices.Clone(options)
	for len(padded)%4 != 0 {
		padded = append(padded, 0)
	}
	b = slices.Insert(b, 20, padded...)
	b[0] += byte(len(padded) / 4)
	n := len(b)
	b[2], b[3] = byte(n>>8), byte(n)
	setHeaderChecksum(b)
	return b
}

func (p *Packet) version6(protocol layers.IPProtocol, src, dst netip.Addr, payload []byte) ([]byte, error) {
	h := layers.IPv6{
		Version: 6, TrafficClass: p.TOS, HopLimit: p.ttl(), NextHeader: protocol,
		SrcIP: src.AsSlice(), DstIP: dst.AsSlice(),
	}
	if f := p.Fragment; f != nil {
		part, err := p.fragmentOf(payload)
		if err != nil {
			return nil, err
		}
		h.NextHeader = layers.IPProtocolIPv6Fragment
		word := uint16(f.Offset)
		if f.More {
			word |= 1
		}
		payload = append([]byte{byte(protocol), 0, byte(word >> 8), byte(word), 0, 0, byte(p.ID >> 8), byte(p.ID)}, part...)
	}
	return serialize(&h, gopacket.Payload(payload))
}

// serialize returns layers as bytes, with lengths and checksums filled in.
func serialize(list ...gopacket.SerializableLayer) ([]byte, error) {
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, list...)
	return b.Bytes(), err
}
