package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// FullNAT takes one hop off p and rewrites both of its endpoints: a client's
// packet then goes from a local address of the director to the real server, a
// real server's from the virtual service to the client. src and dst are of p's
// own family; Translate is for the other one. Ports and checksums are as in
// NATRequest, each checksum updated once for all that it covers.
func FullNAT(p *packet.Packet, proto lvs.Protocol, src lvs.Addr, srcPort uint16, dst lvs.Addr, dstPort uint16) {
	ports := uint32(srcPort)<<16 | uint32(dstPort)
	if h := plainIn(p, proto); h != nil {
		h.forward(uint64(src.V4())<<32|uint64(dst.V4()), ports)
		return
	}
	b := p.Bytes()
	var delta uint64
	if src.Is4() {
		delta = readdress4((*[header.IPv4Size]byte)(b[p.L3:]), src.V4(), dst.V4())
	} else {
		delta = readdress6((*[header.IPv6Size]byte)(b[p.L3:]), src, dst)
	}
	if p.L4 != 0 {
		setPorts(p, b[p.L4:], proto, 0, ports, delta)
	}
}

// readdress4 is forward4 for both addresses, which are one word.
func readdress4(ip *[header.IPv4Size]byte, src, dst uint32) (delta uint64) {
	at, addrs := ip[12:20], uint64(src)<<32|uint64(dst)
	delta = checksum.Delta64(binary.BigEndian.Uint64(at), addrs)
	binary.BigEndian.PutUint64(at, addrs)
	ip[8]--
	h := header.IPv4(ip[:])
	h.SetChecksum(checksum.Apply(h.Checksum(), delta+checksum.Delta32(1<<8, 0)))
	return delta
}

// readdress6 is forward6 for both addresses.
func readdress6(ip *[header.IPv6Size]byte, src, dst lvs.Addr) (delta uint64) {
	at := ip[8:]
	delta = checksum.Delta64(binary.BigEndian.Uint64(at), src.Hi) +
		checksum.Delta64(binary.BigEndian.Uint64(at[8:]), src.Lo) +
		checksum.Delta64(binary.BigEndian.Uint64(at[16:]), dst.Hi) +
		checksum.Delta64(binary.BigEndian.Uint64(at[24:]), dst.Lo)
	binary.BigEndian.PutUint64(at, src.Hi)
	binary.BigEndian.PutUint64(at[8:], src.Lo)
	binary.BigEndian.PutUint64(at[16:], dst.Hi)
	binary.BigEndian.PutUint64(at[24:], dst.Lo)
	ip[7]--
	return delta
}
