package conformance

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// offloadSize is the size of the header that packet sockets put before a frame, which
// says what is left to a device (struct virtio_net_hdr).
const offloadSize = 10

// Offsets in it, and its one flag that matters here.
const (
	offloadFlags  = 0
	offloadStart  = 6 // of what the checksum is over, in the frame
	offloadField  = 8 // of the checksum, from there
	needsChecksum = 1
)

// checksumFields are where transport headers have the checksums that senders leave to
// devices.
var checksumFields = map[byte]int{unix.IPPROTO_TCP: 16, unix.IPPROTO_UDP: 6}

// leaveChecksum says in header that the transport checksum of frame is unfinished.
func leaveChecksum(header, frame []byte) {
	start, protocol := transportOf(frame[ethernet:])
	header[offloadFlags] = needsChecksum
	binary.NativeEndian.PutUint16(header[offloadStart:], uint16(ethernet+start))
	binary.NativeEndian.PutUint16(header[offloadField:], uint16(checksumFields[protocol]))
}

// transportOf returns where the transport header of a packet without extension headers
// begins, and of which protocol it is.
func transportOf(packet []byte) (start int, protocol byte) {
	if packet[0]>>4 == 6 {
		return 40, packet[6]
	}
	return int(packet[0]&15) * 4, packet[9]
}

// finish completes the checksum of a frame, if header says that it is unfinished. Its
// field holds the sum of the pseudo header, if the protocol has one.
func finish(header, frame []byte) {
	if header[offloadFlags]&needsChecksum == 0 {
		return
	}
	start := int(binary.NativeEndian.Uint16(header[offloadStart:]))
	field := start + int(binary.NativeEndian.Uint16(header[offloadField:]))
	if len(frame) < field+2 {
		return
	}
	value := ^sum(frame[start:])
	if value == 0 && field-start == checksumFields[unix.IPPROTO_UDP] {
		value = 0xffff
	}
	binary.BigEndian.PutUint16(frame[field:], value)
}
