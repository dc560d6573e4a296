package host

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// vnetSize is the size of struct virtio_net_hdr, which precedes every frame.
const vnetSize = 10

// A vnet is a struct virtio_net_hdr, in the machine's byte order:
//
//	0 flags  1 gso_type  2 hdr_len  4 gso_size  6 csum_start  8 csum_offset
type vnet [vnetSize]byte

// describe tells the kernel what is known about the frame of p.
func (v *vnet) describe(p *packet.Packet) {
	*v = vnet{}
	if p.Sum != (packet.Partial{}) {
		v[0] = unix.VIRTIO_NET_HDR_F_NEEDS_CSUM
		binary.NativeEndian.PutUint16(v[6:], p.Sum.Start)
		binary.NativeEndian.PutUint16(v[8:], p.Sum.Field-p.Sum.Start)
	}
	if p.GSO.Kind == packet.GSONone {
		return
	}
	v[1] = gsoType(p.GSO)
	binary.NativeEndian.PutUint16(v[2:], headersLen(p))
	binary.NativeEndian.PutUint16(v[4:], p.GSO.Size)
}

func gsoType(g packet.GSO) (t byte) {
	switch g.Kind {
	case packet.GSOTCP4:
		t = unix.VIRTIO_NET_HDR_GSO_TCPV4
	case packet.GSOTCP6:
		t = unix.VIRTIO_NET_HDR_GSO_TCPV6
	case packet.GSOUDP:
		t = unix.VIRTIO_NET_HDR_GSO_UDP_L4 // of a TAP: Linux 6.2
	}
	if g.ECN {
		t |= unix.VIRTIO_NET_HDR_GSO_ECN
	}
	return t
}

// headersLen returns how long the headers that all segments share are, 0 if
// that is not known. The kernel takes it as a hint of what to keep together.
func headersLen(p *packet.Packet) uint16 {
	l4 := int(p.Sum.Start)
	if l4 == 0 {
		l4 = int(p.L4)
	}
	if l4 == 0 || l4 >= p.Len() {
		return 0
	}
	if p.GSO.Kind == packet.GSOUDP {
		return uint16(min(l4+header.UDPSize, p.Len()))
	}
	h, ok := header.ParseTCP(p.Bytes()[l4:])
	if !ok {
		return 0
	}
	return uint16(l4 + h.DataOffset())
}
