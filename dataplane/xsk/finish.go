package xsk

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

// udpField is where the checksum lies in a UDP header, alone among the
// protocols that are left unfinished.
const udpField = 6

// finish sees to the checksum of p that is not finished. The kernel does it
// where it can, and it may well leave it to the device or to nobody (a veth).
// before is the room in front of the first byte to be sent. It returns options
// for the descriptor, and false if p.Sum lies outside of p.
func (s *Socket) finish(p *packet.Packet, before []byte) (options uint32, ok bool) {
	if p.Sum == (packet.Partial{}) {
		return 0, true
	}
	if p.Sum.Field < p.Sum.Start || int(p.Sum.Field)+2 > p.Len() {
		return 0, false
	}
	// The kernel looks in the first piece alone, and stops at a frame for good
	// whose checksum is not there.
	if s.offload && int(p.Sum.Field)+2 <= s.g.room() {
		requestChecksum(before[len(before)-metadataSize:], p.Sum)
		return unix.XDP_TX_METADATA, true
	}
	complete(p.Bytes(), p.Sum)
	return 0, true
}

// requestChecksum writes the struct xsk_tx_metadata that asks the kernel to
// finish the checksum of the frame behind it.
func requestChecksum(b []byte, sum packet.Partial) {
	binary.NativeEndian.PutUint64(b, unix.XDP_TXMD_FLAGS_CHECKSUM)
	binary.NativeEndian.PutUint16(b[8:], sum.Start)
	binary.NativeEndian.PutUint16(b[10:], sum.Field-sum.Start)
	binary.NativeEndian.PutUint32(b[12:], 0)
}

// complete finishes the checksum of frame, whose field holds the sum of the
// pseudo-header. In UDP zero would mean no checksum (RFC 768).
func complete(frame []byte, sum packet.Partial) {
	v := checksum.Sum(frame[sum.Start:])
	if v == 0 && sum.Field-sum.Start == udpField {
		v = 0xffff
	}
	binary.BigEndian.PutUint16(frame[sum.Field:], v)
}
