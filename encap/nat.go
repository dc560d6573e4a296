package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// NATRequest masquerades a client's packet: its destination becomes the real
// server (ip_vs_nat_xmit). addr is of p's own family. The port is set for TCP
// and UDP only.
func NATRequest(p *packet.Packet, proto lvs.Protocol, addr lvs.Addr, port uint16) {
	DecrementTTL(p)
	translate(p, proto, destination, addr, port)
}

// NATReply masquerades a real server's packet: its source becomes the virtual
// service (handle_response). addr and port are as in NATRequest.
func NATReply(p *packet.Packet, proto lvs.Protocol, addr lvs.Addr, port uint16) {
	DecrementTTL(p)
	translate(p, proto, source, addr, port)
}

// A side is which of a packet's two endpoints is rewritten.
type side int

const (
	source      side = 0
	destination side = 1
)

// Where a side's address and port are.
func (s side) offset4() int { return 12 + 4*int(s) }
func (s side) offset6() int { return 8 + 16*int(s) }
func (s side) port() int    { return 2 * int(s) }

// translate rewrites one endpoint of p, and the checksums incrementally (RFC
// 1624): the header's for the address, the transport's for address and port.
func translate(p *packet.Packet, proto lvs.Protocol, s side, addr lvs.Addr, port uint16) {
	var delta uint64
	b := p.Bytes()
	if addr.Is4() {
		delta = setAddr4(b[p.L3:], s, addr.V4())
	} else {
		delta = setAddr6(b[p.L3:], s, addr)
	}
	if p.L4 != 0 {
		setPort(p, b[p.L4:], proto, s, port, delta)
	}
}

// setAddr4 sets an IPv4 address and the header's checksum. It returns by how
// much the sum of the pseudo header changes.
func setAddr4(b []byte, s side, addr uint32) (delta uint64) {
	at := b[s.offset4() : s.offset4()+4]
	delta = checksum.Delta32(binary.BigEndian.Uint32(at), addr)
	binary.BigEndian.PutUint32(at, addr)
	h := header.IPv4(b)
	h.SetChecksum(checksum.Apply(h.Checksum(), delta))
	return delta
}

// setAddr6 sets an IPv6 address. It returns by how much the sum of the pseudo
// header changes.
func setAddr6(b []byte, s side, addr lvs.Addr) (delta uint64) {
	at := b[s.offset6() : s.offset6()+16]
	delta = checksum.Delta64(binary.BigEndian.Uint64(at), addr.Hi) +
		checksum.Delta64(binary.BigEndian.Uint64(at[8:]), addr.Lo)
	binary.BigEndian.PutUint64(at, addr.Hi)
	binary.BigEndian.PutUint64(at[8:], addr.Lo)
	return delta
}

// setPort sets a port in the transport header b and has its checksum follow the
// port and the pseudo header.
func setPort(p *packet.Packet, b []byte, proto lvs.Protocol, s side, port uint16, delta uint64) {
	field := checksumField(b, proto)
	if field == nil {
		return
	}
	at := b[s.port() : s.port()+2]
	before := binary.BigEndian.Uint16(at)
	binary.BigEndian.PutUint16(at, port)
	sum := binary.BigEndian.Uint16(field)
	switch {
	case p.Sum != (packet.Partial{}):
		// Only the pseudo header is in an unfinished checksum yet.
		sum = checksum.ApplyPartial(sum, delta)
	case proto == lvs.UDP && sum == 0:
		// The kernel computes what the sender left out (csum_partial path of
		// udp_snat_handler).
		sum = finishUDP(p)
	default:
		sum = checksum.Apply(sum, delta+checksum.Delta32(uint32(before), uint32(port)))
		if proto == lvs.UDP && sum == 0 {
			sum = 0xffff
		}
	}
	binary.BigEndian.PutUint16(field, sum)
}

// checksumField returns the two bytes of the checksum in the transport header
// b, nil if its protocol is neither TCP nor UDP.
func checksumField(b []byte, proto lvs.Protocol) []byte {
	switch proto {
	case lvs.TCP:
		return b[header.TCPChecksumOffset : header.TCPChecksumOffset+2]
	case lvs.UDP:
		return b[header.UDPChecksumOffset : header.UDPChecksumOffset+2]
	}
	return nil
}

// finishUDP returns the checksum of a UDP datagram whose field is zero. Both the
// sum and the pseudo header go by UDP's own length (RFC 768), which may be less
// than IP's. If the datagram is not all there, as in a first fragment, its
// checksum stays zero: none.
func finishUDP(p *packet.Packet) uint16 {
	b := p.Bytes()
	ip := b[p.L3:]
	udp, ok := header.ParseUDP(b[p.L4:])
	if !ok {
		return 0
	}
	var acc uint64
	if ip[0]>>4 == 4 {
		h := header.IPv4(ip)
		acc = checksum.Pseudo4(h.Src(), h.Dst(), header.ProtoUDP, len(udp))
	} else {
		h := header.IPv6(ip)
		acc = checksum.Pseudo6(h.Src(), h.Dst(), header.ProtoUDP, len(udp))
	}
	if sum := ^checksum.Fold(checksum.Add(acc, udp)); sum != 0 {
		return sum
	}
	return 0xffff
}
