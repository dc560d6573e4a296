package header

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
)

// SCTPSize is the size of SCTP's common header.
const SCTPSize = 12

// SCTPChecksumOffset is where in the header the checksum field is.
const SCTPChecksumOffset = 8

// SCTP is an SCTP packet: the common header and whatever follows it, viewed in
// place (RFC 9260).
type SCTP []byte

// ParseSCTP views b as SCTP. It reports false if b is too short to hold a common
// header. Chunks are not looked at.
func ParseSCTP(b []byte) (SCTP, bool) {
	if len(b) < SCTPSize {
		return nil, false
	}
	return SCTP(b), true
}

// SrcPort returns the source port.
func (h SCTP) SrcPort() uint16 { return be16(h) }

// DstPort returns the destination port.
func (h SCTP) DstPort() uint16 { return be16(h[2:]) }

// VerificationTag returns the tag by which the receiver knows the association.
func (h SCTP) VerificationTag() uint32 { return be32(h[4:]) }

// Checksum returns the checksum field, whose first byte is the least significant
// (RFC 9260, appendix A).
func (h SCTP) Checksum() uint32 { return binary.LittleEndian.Uint32(h[SCTPChecksumOffset:]) }

// Chunks returns what follows the common header: ParseChunk views the first.
func (h SCTP) Chunks() []byte { return h[SCTPSize:] }

// SetSrcPort sets the source port. It leaves the checksum alone, as all setters
// below do.
func (h SCTP) SetSrcPort(port uint16) { put16(h, port) }

// SetDstPort sets the destination port.
func (h SCTP) SetDstPort(port uint16) { put16(h[2:], port) }

// SetVerificationTag sets the verification tag.
func (h SCTP) SetVerificationTag(tag uint32) { put32(h[4:], tag) }

// SetChecksum sets the checksum field.
func (h SCTP) SetChecksum(crc uint32) { binary.LittleEndian.PutUint32(h[SCTPChecksumOffset:], crc) }

// ComputeChecksum returns what the checksum field should be, whatever it is: a
// CRC32c of the whole packet, and of no pseudo header.
func (h SCTP) ComputeChecksum() uint32 { return checksum.CRC32c(h, SCTPChecksumOffset) }

// ChecksumOK reports whether the checksum field is right.
func (h SCTP) ChecksumOK() bool { return h.Checksum() == h.ComputeChecksum() }

// Finish computes the checksum if the sender has left that to its device: Linux
// leaves zero in the field, not a part of the sum as for other protocols. A
// field that is not zero stays as it is, and so does a zero that is right.
func (h SCTP) Finish() {
	if h.Checksum() == 0 {
		h.SetChecksum(h.ComputeChecksum())
	}
}

// ChunkSize is the size of a chunk's header.
const ChunkSize = 4

// A ChunkType is what a chunk is.
type ChunkType uint8

// The chunk types that begin, keep and end an association (RFC 9260, section 3.2).
const (
	ChunkData             ChunkType = 0
	ChunkInit             ChunkType = 1
	ChunkInitAck          ChunkType = 2
	ChunkAbort            ChunkType = 6
	ChunkShutdown         ChunkType = 7
	ChunkShutdownAck      ChunkType = 8
	ChunkCookieEcho       ChunkType = 10
	ChunkCookieAck        ChunkType = 11
	ChunkShutdownComplete ChunkType = 14
)

// Chunk is a chunk of an SCTP packet and whatever follows it, viewed in place.
type Chunk []byte

// ParseChunk views b as a chunk. It reports false if b is too short to hold its
// header. The chunk may say that it is longer than b.
func ParseChunk(b []byte) (Chunk, bool) {
	if len(b) < ChunkSize {
		return nil, false
	}
	return Chunk(b), true
}

// Type returns what the chunk is.
func (c Chunk) Type() ChunkType { return ChunkType(c[0]) }

// Flags returns the flags, whose meaning depends on the type.
func (c Chunk) Flags() uint8 { return c[1] }

// Length returns the length of header and value in bytes, by the chunk's own
// account. The padding to a multiple of four is not part of it.
func (c Chunk) Length() int { return int(be16(c[2:])) }

// SetType sets what the chunk is. It leaves the packet's checksum alone, as the
// setters below do.
func (c Chunk) SetType(t ChunkType) { c[0] = uint8(t) }

// SetFlags sets the flags.
func (c Chunk) SetFlags(f uint8) { c[1] = f }

// SetLength sets the length of header and value, without padding.
func (c Chunk) SetLength(n int) { put16(c[2:], uint16(n)) }
