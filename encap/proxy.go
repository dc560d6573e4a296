package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// The fixed part of a PROXY protocol header, version 2 (proxy-protocol.txt of
// HAProxy, section 2.2).
const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"
	proxyCommand   = 2<<4 | 1 // version 2, PROXY: on behalf of a client

	proxyIPv4, proxyIPv6       = 1 << 4, 2 << 4
	proxyStream, proxyDatagram = 1, 2

	proxyFixed  = len(proxySignature) + 4
	proxyAddrs4 = 2*4 + 2*2
	proxyAddrs6 = 2*16 + 2*2
)

// MaxProxyV2 is the size of the longest header that AppendProxyV2 makes.
const MaxProxyV2 = proxyFixed + proxyAddrs6

// ProxyV2Size returns the size of the header that AppendProxyV2 makes for client:
// by how much InsertProxy makes a packet longer.
func ProxyV2Size(client lvs.Addr) int {
	if client.Is4() {
		return proxyFixed + proxyAddrs4
	}
	return proxyFixed + proxyAddrs6
}

// AppendProxyV2 appends to b what the PROXY protocol tells a server about its
// client: which endpoint talks to which, before the director came in between.
// proto is TCP or UDP; client and virtual share a family.
func AppendProxyV2(b []byte, proto lvs.Protocol, client lvs.Addr, clientPort uint16, virtual lvs.Addr, virtualPort uint16) []byte {
	transport := byte(proxyStream)
	if proto == lvs.UDP {
		transport = proxyDatagram
	}
	b = append(b, proxySignature...)
	if client.Is4() {
		b = append(b, proxyCommand, proxyIPv4|transport, 0, proxyAddrs4)
		b = binary.BigEndian.AppendUint32(b, client.V4())
		b = binary.BigEndian.AppendUint32(b, virtual.V4())
	} else {
		b = append(b, proxyCommand, proxyIPv6|transport, 0, proxyAddrs6)
		b = binary.BigEndian.AppendUint64(b, client.Hi)
		b = binary.BigEndian.AppendUint64(b, client.Lo)
		b = binary.BigEndian.AppendUint64(b, virtual.Hi)
		b = binary.BigEndian.AppendUint64(b, virtual.Lo)
	}
	b = binary.BigEndian.AppendUint16(b, clientPort)
	return binary.BigEndian.AppendUint16(b, virtualPort)
}

// InsertProxy puts text, such as AppendProxyV2 makes, before the payload of p: a
// TCP segment, after which the sequence numbers of what follows are for
// ShiftSequence, or a UDP datagram. A UDP checksum that is missing stays missing.
//
// InsertProxy reports false, and leaves p as it was, if p is not a whole segment
// or datagram, has no room for text, or if text has an odd length. A GSO frame of
// datagrams is to be cut before, as each of them needs the header; in one of
// segments it becomes part of the first. text is not part of p.
func InsertProxy(p *packet.Packet, text []byte) bool {
	s, ok := segmentIn(p)
	if !ok {
		return insertUDP(p, text)
	}
	if !insert(p, int(p.L4)+s.DataOffset(), text) {
		return false
	}
	s = header.TCP(p.Bytes()[p.L4:])
	s.SetChecksum(corrected(p, s.Checksum(), uint64(len(text)), checksum.Add(0, text)))
	return true
}

// insertUDP is InsertProxy for datagrams, whose length is in the header, too.
func insertUDP(p *packet.Packet, text []byte) bool {
	d, ok := datagramIn(p)
	if !ok || p.GSO.Kind != packet.GSONone || !insert(p, int(p.L4)+header.UDPSize, text) {
		return false
	}
	size, n := len(d), len(text)
	d = header.UDP(p.Bytes()[p.L4:])
	d.SetLength(size + n)
	if d.Checksum() == 0 && p.Sum.Start != p.L4 {
		return true
	}
	sum := corrected(p, d.Checksum(), uint64(n), uint64(n)+checksum.Add(0, text))
	if sum == 0 {
		sum = 0xffff // 0 would say that there is none (RFC 768)
	}
	d.SetChecksum(sum)
	return true
}
