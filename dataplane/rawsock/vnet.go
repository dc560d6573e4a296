package rawsock

import (
	"encoding/binary"
	"math"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

const (
	ethernetHeader = 14 // two addresses and a type, the least that a frame has
	tagAt          = 12 // where a VLAN tag goes, behind the addresses
	tagSize        = 4
)

// A vnetHeader is a struct virtio_net_hdr, in the machine's byte order. Offsets
// count from the frame's first byte.
type vnetHeader struct {
	flags   uint8
	kind    uint8 // VIRTIO_NET_HDR_GSO_*
	headers uint16
	size    uint16
	start   uint16 // of the bytes that the checksum covers
	offset  uint16 // of the checksum in these
}

// vnetSize is the size of a vnetHeader, which has no padding.
const vnetSize = 10

// read returns what h says about a frame of n bytes. It reports false for what a
// Packet cannot say: checksums outside the frame, ways of cutting that are
// deprecated (UFO) or newer than this.
func (h vnetHeader) read(n int) (sum packet.Partial, gso packet.GSO, ok bool) {
	if h.flags&unix.VIRTIO_NET_HDR_F_NEEDS_CSUM != 0 {
		if int(h.start)+int(h.offset)+2 > n {
			return sum, gso, false
		}
		sum = packet.Partial{Start: h.start, Field: h.start + h.offset}
	}
	switch h.kind &^ unix.VIRTIO_NET_HDR_GSO_ECN {
	case unix.VIRTIO_NET_HDR_GSO_NONE:
		return sum, gso, true
	case unix.VIRTIO_NET_HDR_GSO_TCPV4:
		gso.Kind = packet.GSOTCP4
	case unix.VIRTIO_NET_HDR_GSO_TCPV6:
		gso.Kind = packet.GSOTCP6
	case unix.VIRTIO_NET_HDR_GSO_UDP_L4:
		gso.Kind = packet.GSOUDP
	default:
		return sum, gso, false
	}
	gso.Size, gso.ECN = h.size, h.kind&unix.VIRTIO_NET_HDR_GSO_ECN != 0
	return sum, gso, true
}

// describe returns the header that goes in front of p. It reports false for what
// is no frame: no Ethernet header, or a checksum or headers outside of it.
func describe(p *packet.Packet) (h vnetHeader, ok bool) {
	if p.Len() < ethernetHeader {
		return h, false
	}
	if p.Sum != (packet.Partial{}) {
		if p.Sum.Field < p.Sum.Start || int(p.Sum.Field)+2 > p.Len() {
			return h, false
		}
		h.flags = unix.VIRTIO_NET_HDR_F_NEEDS_CSUM
		h.start, h.offset = p.Sum.Start, p.Sum.Field-p.Sum.Start
	}
	if p.GSO.Kind == packet.GSONone {
		return h, true
	}
	return h, h.cut(p)
}

// cut says how p is to be cut. It reports false if p ends before its payload.
func (h *vnetHeader) cut(p *packet.Packet) bool {
	switch p.GSO.Kind {
	case packet.GSOTCP4:
		h.kind = unix.VIRTIO_NET_HDR_GSO_TCPV4
	case packet.GSOTCP6:
		h.kind = unix.VIRTIO_NET_HDR_GSO_TCPV6
	case packet.GSOUDP:
		h.kind = unix.VIRTIO_NET_HDR_GSO_UDP_L4
	default:
		return false
	}
	if p.GSO.ECN {
		h.kind |= unix.VIRTIO_NET_HDR_GSO_ECN
	}
	n, ok := headers(p)
	h.headers, h.size = uint16(n), p.GSO.Size
	return ok && n <= math.MaxUint16
}

// headers returns how many bytes every segment of p begins with. The kernel
// keeps these in one piece, and the payload in pages.
func headers(p *packet.Packet) (n int, ok bool) {
	l4 := int(p.Sum.Start)
	if l4 == 0 {
		l4 = int(p.L4)
	}
	if p.GSO.Kind == packet.GSOUDP {
		const udpHeader = 8
		return l4 + udpHeader, l4+udpHeader <= p.Len()
	}
	const dataOffset = 12 // in a TCP header (RFC 9293, section 3.1)
	b := p.Bytes()
	if l4+dataOffset >= len(b) {
		return 0, false
	}
	n = l4 + int(b[l4+dataOffset]>>4)*4
	return n, n <= len(b)
}

// restore puts the tag back that the kernel took out of p, the outermost one.
// What is known about p moves along.
func (t tag) restore(p *packet.Packet) {
	p.Push(tagSize) // p has all of its headroom
	b := p.Bytes()
	copy(b, b[tagSize:tagSize+tagAt])
	binary.BigEndian.PutUint16(b[tagAt:], t.protocol)
	binary.BigEndian.PutUint16(b[tagAt+2:], t.control)
}
