package xsk

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

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
	return 0, checksum.Finish(p.Bytes()[p.Sum.Start:], int(p.Sum.Field-p.Sum.Start))
}

// requestChecksum writes the struct xsk_tx_metadata that asks the kernel to
// finish the checksum of the frame behind it.
func requestChecksum(b []byte, sum packet.Partial) {
	binary.NativeEndian.PutUint64(b, unix.XDP_TXMD_FLAGS_CHECKSUM)
	binary.NativeEndian.PutUint16(b[8:], sum.Start)
	binary.NativeEndian.PutUint16(b[10:], sum.Field-sum.Start)
	binary.NativeEndian.PutUint32(b[12:], 0)
}
