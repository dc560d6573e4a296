package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// NATRequest masquerades a client's packet: its destination becomes the real
// server (ip_vs_nat_xmit). addr is of p's own family. The port is set for TCP,
// UDP and SCTP only: of AH and ESP nothing but the address is rewritten, for
// which AH's receiver will refuse it.
func NATRequest(p *packet.Packet, proto lvs.Protocol, addr lvs.Addr, port uint16) {
	if h := plainIn(p, proto); h != nil {
		h.forward(h.addrs()>>32<<32|uint64(addr.V4()), h.ports()>>16<<16|uint32(port))
		return
	}
	translate(p, proto, destination, addr, port)
}

// NATReply masquerades a real server's packet: its source becomes the virtual
// service (handle_response). addr and port are as in NATRequest.
func NATReply(p *packet.Packet, proto lvs.Protocol, addr lvs.Addr, port uint16) {
	if h := plainIn(p, proto); h != nil {
		h.forward(uint64(addr.V4())<<32|h.addrs()&0xffffffff, uint32(port)<<16|h.ports()&0xffff)
		return
	}
	translate(p, proto, source, addr, port)
}

// A side is which of a packet's two endpoints is rewritten.
type side int

const (
	source      side = 0
	destination side = 1
)

// translate takes one hop off p, rewrites one of its endpoints, and updates the
// checksums incrementally (RFC 1624): the header's for hop and address, the
// transport's for address and port.
func translate(p *packet.Packet, proto lvs.Protocol, s side, addr lvs.Addr, port uint16) {
	b := p.Bytes()
	var delta uint64
	if addr.Is4() {
		delta = forward4((*[header.IPv4Size]byte)(b[p.L3:]), s, addr.V4())
	} else {
		delta = forward6((*[header.IPv6Size]byte)(b[p.L3:]), s, addr)
	}
	if p.L4 != 0 {
		shift := 16 - 16*(s&1) // of this side's port in the word of both
		setPorts(p, b[p.L4:], proto, 0xffff0000>>shift, uint32(port)<<shift, delta)
	}
}

// forward4 takes one hop off an IPv4 header and sets an address, with one update
// of the checksum for both. It returns by how much the sum of the pseudo header
// changes.
func forward4(ip *[header.IPv4Size]byte, s side, addr uint32) (delta uint64) {
	at := ip[12+4*(s&1):][:4]
	delta = checksum.Delta32(binary.BigEndian.Uint32(at), addr)
	binary.BigEndian.PutUint32(at, addr)
	ip[8]--
	h := header.IPv4(ip[:])
	h.SetChecksum(checksum.Apply(h.Checksum(), delta+checksum.Delta32(1<<8, 0)))
	return delta
}

// forward6 takes one hop off an IPv6 header and sets an address. It returns by
// how much the sum of the pseudo header changes.
func forward6(ip *[header.IPv6Size]byte, s side, addr lvs.Addr) (delta uint64) {
	at := ip[8+16*(s&1):][:16]
	delta = checksum.Delta64(binary.BigEndian.Uint64(at), addr.Hi) +
		checksum.Delta64(binary.BigEndian.Uint64(at[8:]), addr.Lo)
	binary.BigEndian.PutUint64(at, addr.Hi)
	binary.BigEndian.PutUint64(at[8:], addr.Lo)
	ip[7]--
	return delta
}

// setPorts sets the ports, one word, in the transport header b, if it has any:
// to ports, and to what they were in the bits of keep. The checksum follows them
// and the pseudo header, which has changed by delta.
func setPorts(p *packet.Packet, b []byte, proto lvs.Protocol, keep, ports uint32, delta uint64) {
	at := header.TCPChecksumOffset
	if proto == lvs.UDP {
		at = header.UDPChecksumOffset
	} else if proto != lvs.TCP {
		if proto == lvs.SCTP {
			setSCTPPorts(p, keep, ports)
		}
		return
	}
	field := b[at : at+2]
	sum, before := binary.BigEndian.Uint16(field), binary.BigEndian.Uint32(b)
	after := before&keep | ports
	binary.BigEndian.PutUint32(b, after)
	switch {
	case p.Sum.Start == p.L4:
		// Only the pseudo header is in an unfinished checksum yet.
		sum = checksum.ApplyPartial(sum, delta)
	case proto == lvs.UDP && sum == 0:
		// The kernel computes what the sender left out (csum_partial path of
		// udp_snat_handler).
		sum = finishUDP(p)
	default:
		sum = checksum.Apply(sum, delta+checksum.Delta32(before, after))
		if sum == 0 && proto == lvs.UDP {
			sum = 0xffff
		}
	}
	binary.BigEndian.PutUint16(field, sum)
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
