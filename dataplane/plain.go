package dataplane

import (
	"encoding/binary"

	"xlvs/conntrack"
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// What most frames are is read here in one go: TCP in IPv4 without options or
// IPv6 without extension headers, no tags, no fragments. readAny is the plain
// version, and the oracle of the tests. Each function reports false, and changes
// nothing, if the frame is another, or if there is anything wrong with it.

// The least frames that are looked at: headers without options.
const (
	plain4 = header.EthernetSize + header.IPv4Size + header.TCPSize
	plain6 = header.EthernetSize + header.IPv6Size + header.TCPSize
)

func (f *flow) readPlain4(p *packet.Packet, frame []byte) bool {
	if len(frame) < plain4 {
		return false
	}
	b := (*[plain4]byte)(frame)
	ip, tcp := b[header.EthernetSize:], b[plain4-header.TCPSize:]
	w0, w1, w2 := be32(ip), be32(ip[4:]), be32(ip[8:])
	src, dst, size := be32(ip[12:]), be32(ip[16:]), int(w0&0xffff)
	const moreOrOffset = 0x3fff // more fragments, fragment offset
	if be16(b[12:]) != header.TypeIPv4 || w0>>24 != 0x45 || w1&moreOrOffset != 0 || uint8(w2>>16) != header.ProtoTCP ||
		size > len(frame)-header.EthernetSize || !fits(tcp, size-header.IPv4Size) ||
		checksum.Fold(uint64(w0)+uint64(w1)+uint64(w2)+uint64(src)+uint64(dst)) != 0xffff {
		return false
	}
	f.tuple.Src, f.tuple.Dst = lvs.Addr4(src), lvs.Addr4(dst)
	p.L3, p.L4 = header.EthernetSize, plain4-header.TCPSize
	f.setPlain(p, tcp, size, checksum.Pseudo4(src, dst, header.ProtoTCP, size-header.IPv4Size))
	return true
}

func (f *flow) readPlain6(p *packet.Packet, frame []byte) bool {
	if len(frame) < plain6 {
		return false
	}
	b := (*[plain6]byte)(frame)
	ip, tcp := b[header.EthernetSize:], b[plain6-header.TCPSize:]
	length := int(be16(ip[4:]))
	if be16(b[12:]) != header.TypeIPv6 || ip[0]>>4 != 6 || ip[6] != header.ProtoTCP ||
		length > len(frame)-header.EthernetSize-header.IPv6Size || !fits(tcp, length) {
		return false
	}
	src, dst := lvs.Addr16(ip[8:]), lvs.Addr16(ip[24:])
	if src.Is4() || dst.Is4() {
		return false
	}
	f.tuple.Src, f.tuple.Dst = src, dst
	p.L3, p.L4 = header.EthernetSize, plain6-header.TCPSize
	f.setPlain(p, tcp, header.IPv6Size+length, checksum.Pseudo6(ip[8:24], ip[24:40], header.ProtoTCP, length))
	return true
}

// fits reports whether a TCP header and its options are no longer than the
// segment of size bytes.
func fits(tcp []byte, size int) bool {
	offset := int(tcp[12]>>4) * 4
	return offset >= header.TCPSize && offset <= size
}

// setPlain sets what IPv4 and IPv6 have in common; size is that of the IP packet.
func (f *flow) setPlain(p *packet.Packet, tcp []byte, size int, pseudo uint64) {
	f.size = size
	p.Truncate(header.EthernetSize + size)
	ports := be32(tcp)
	f.tuple.SrcPort, f.tuple.DstPort, f.tuple.Proto = uint16(ports>>16), uint16(ports), lvs.TCP
	f.proto = lvs.TCP
	f.event = conntrack.TCPEvent(tcp[13])
	f.opens = f.event == conntrack.EventSYN
	if be16(tcp[header.TCPChecksumOffset:]) == checksum.Fold(pseudo) {
		findUnfinished(p, p.Bytes()[p.L4:], header.TCPChecksumOffset, pseudo)
	}
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
