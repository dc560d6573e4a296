package icmp

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

func isError4(t uint8) bool {
	return t == header.ICMPDstUnreachable || t == header.ICMPSourceQuench || t == header.ICMPTimeExceeded
}

func isError6(t uint8) bool { return t < 128 }

// A Quote is the packet inside an error: whom it was from and to, and where in
// the frame its headers are. AH and ESP have no ports: these are zero.
type Quote struct {
	Tuple  lvs.Tuple
	l3, l4 int
}

// Related views the packet that p, an ICMP or ICMPv6 message, is an error
// about. It reports false if p is no such error (of ICMP, only types 3, 4 and 11
// are), if the quoted headers are cut short, or if the quoted packet is neither
// AH nor ESP and has no ports, as fragments but the first have none. An IPv6
// packet with an IPv4-mapped address is refused too: its tuple would be that of
// an IPv4 connection.
func Related(p *packet.Packet, proto lvs.Protocol) (q Quote, ok bool) {
	b := p.Bytes()
	m, ok := header.ParseICMP(b[p.L4:])
	if !ok {
		return q, false
	}
	q.l3 = int(p.L4) + header.ICMPSize
	switch {
	case proto == lvs.ICMP && isError4(m.Type()):
		ok = q.parse4(b)
	case proto == lvs.ICMPv6 && isError6(m.Type()):
		ok = q.parse6(b)
	default:
		return q, false
	}
	return q, ok && q.ports(b)
}

func (q *Quote) parse4(b []byte) bool {
	h, ok := header.ParseQuotedIPv4(b[q.l3:])
	if !ok || h.FragmentOffset() != 0 && !isIPsec(lvs.Protocol(h.Proto())) {
		return false
	}
	q.l4 = q.l3 + h.HeaderLen()
	q.Tuple.Src, q.Tuple.Dst = lvs.Addr4(h.Src()), lvs.Addr4(h.Dst())
	q.Tuple.Proto = lvs.Protocol(h.Proto())
	return true
}

func (q *Quote) parse6(b []byte) bool {
	h, ok := header.ParseQuotedIPv6(b[q.l3:])
	if !ok {
		return false
	}
	t, ok := h.Transport()
	if !ok || t.FragmentOffset != 0 && !isIPsec(lvs.Protocol(t.Proto)) {
		return false
	}
	q.l4 = q.l3 + t.Offset
	q.Tuple.Src, q.Tuple.Dst = lvs.Addr16(h.Src()), lvs.Addr16(h.Dst())
	q.Tuple.Proto = lvs.Protocol(t.Proto)
	return !q.Tuple.Src.Is4() && !q.Tuple.Dst.Is4()
}

// isIPsec reports whether packets of p go by their addresses alone.
func isIPsec(p lvs.Protocol) bool { return p == lvs.AH || p == lvs.ESP }

func (q *Quote) ports(b []byte) bool {
	switch p := q.Tuple.Proto; {
	case isIPsec(p):
		return true
	case p != lvs.TCP && p != lvs.UDP && p != lvs.SCTP:
		return false
	}
	if len(b) < q.l4+header.PortsSize {
		return false
	}
	q.Tuple.SrcPort = binary.BigEndian.Uint16(b[q.l4:])
	q.Tuple.DstPort = binary.BigEndian.Uint16(b[q.l4+2:])
	return true
}

// ChecksumOK reports whether the ICMP checksum of p is right; IPVS drops an
// error that it would have to translate when it is not.
func ChecksumOK(p *packet.Packet) bool {
	b := p.Bytes()
	if m := header.ICMP(b[p.L4:]); b[p.L3]>>4 == 6 {
		return sum6(header.IPv6(b[p.L3:]), m) == 0
	}
	return checksum.Sum(b[p.L4:]) == 0
}

// ToReal translates an error about what a virtual service sent to its client:
// it goes to the real server, and the packet inside is from there
// (ip_vs_nat_icmp, in direction). The port counts for packets that have one.
func ToReal(p *packet.Packet, q *Quote, real lvs.Addr, port uint16) {
	setAddr(p.Bytes()[p.L3:], 1, real)
	q.rewrite(p, 0, real, port)
}

// ToClient translates an error about what a client's packet met on its way to
// the real server: it is from the virtual service, and the packet inside was
// for it (ip_vs_nat_icmp, out direction). That holds even if a router sent the
// error.
func ToClient(p *packet.Packet, q *Quote, virtual lvs.Addr, port uint16) {
	setAddr(p.Bytes()[p.L3:], 0, virtual)
	q.rewrite(p, 1, virtual, port)
}

// ToRealFrom is ToReal where the real server knows the client by a local address
// of the director, from which the error then comes (fullnat).
func ToRealFrom(p *packet.Packet, q *Quote, local lvs.Addr, localPort uint16, real lvs.Addr, port uint16) {
	setAddr(p.Bytes()[p.L3:], 0, local)
	q.set(p.Bytes(), 1, local, localPort)
	ToReal(p, q, real, port)
}

// ToClientAt is ToClient for an error that came to a local address of the
// director, in whose place the client is (fullnat).
func ToClientAt(p *packet.Packet, q *Quote, client lvs.Addr, clientPort uint16, virtual lvs.Addr, port uint16) {
	setAddr(p.Bytes()[p.L3:], 1, client)
	q.set(p.Bytes(), 0, client, clientPort)
	ToClient(p, q, virtual, port)
}

// set sets the quoted packet's source (side 0) or destination (side 1).
func (q *Quote) set(b []byte, side int, a lvs.Addr, port uint16) {
	setAddr(b[q.l3:], side, a)
	if !isIPsec(q.Tuple.Proto) {
		binary.BigEndian.PutUint16(b[q.l4+2*side:], port)
	}
}

// rewrite sets the quoted packet's source (side 0) or destination (side 1), and
// then every checksum but the quoted transport's, which few errors quote enough
// for to verify and which IPVS leaves alone.
func (q *Quote) rewrite(p *packet.Packet, side int, a lvs.Addr, port uint16) {
	b := p.Bytes()
	q.set(b, side, a, port)
	m := header.ICMP(b[p.L4:])
	m.SetChecksum(0)
	if a.Is4() {
		m.SetChecksum(checksum.Sum(m))
		return
	}
	m.SetChecksum(sum6(header.IPv6(b[p.L3:]), m))
}

// setAddr sets an address of the IP header b, and the checksum of an IPv4 header,
// which it computes afresh: routers quote headers whose checksum no longer fits.
func setAddr(b []byte, side int, a lvs.Addr) {
	if !a.Is4() {
		addr := a.As16()
		copy(b[8+16*side:], addr[:])
		return
	}
	binary.BigEndian.PutUint32(b[12+4*side:], a.V4())
	h := header.IPv4(b)
	h.SetChecksum(h.ComputeChecksum())
}
