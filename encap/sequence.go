package encap

import (
	"encoding/binary"
	"math/bits"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// blockSize is the size of a SACK block: both edges of what has arrived (RFC
// 2018, section 3).
const blockSize = 8

// ShiftSequence adds to the sequence number of p, a TCP segment, and to what it
// acknowledges of the other direction: the acknowledgment number and all
// selective acknowledgments. That is how both ends stay together after Replace.
// Most often only one of the two directions has moved.
func ShiftSequence(p *packet.Packet, seqDelta, ackDelta int32) {
	if p.L4 == 0 || seqDelta == 0 && ackDelta == 0 {
		return
	}
	h, ok := header.ParseTCP(p.Bytes()[p.L4:])
	if !ok {
		return
	}
	var delta uint64
	if seqDelta != 0 {
		delta = shift(h[4:], seqDelta)
	}
	if ackDelta != 0 && h.Flags()&header.FlagACK != 0 {
		delta += shift(h[8:], ackDelta) + shiftSACK(h.Options(), ackDelta)
	}
	if p.Sum.Start != p.L4 { // an unfinished checksum has none of it yet
		h.SetChecksum(checksum.Apply(h.Checksum(), delta))
	}
}

// shift adds to the number at the front of b, and returns by how much that
// changes a sum of which b is at an even offset.
func shift(b []byte, by int32) (delta uint64) {
	before := binary.BigEndian.Uint32(b)
	after := before + uint32(by)
	binary.BigEndian.PutUint32(b, after)
	return checksum.Delta32(before, after)
}

// shiftSACK does what shift does for the edges of all blocks in options.
func shiftSACK(options header.Options, by int32) (delta uint64) {
	for at, end, ok := options.Next(0); ok; at, end, ok = options.Next(end) {
		if options[at] == header.OptionSACK {
			delta += shiftBlocks(options[at+2:end], by, at%2 != 0)
		}
	}
	return delta
}

// shiftBlocks does what shift does for the blocks in b, which may be at an odd
// offset: there each byte is in the other half of its word.
func shiftBlocks(b []byte, by int32, odd bool) (delta uint64) {
	for ; len(b) >= blockSize; b = b[blockSize:] {
		delta += shift(b, by) + shift(b[blockSize/2:], by)
	}
	if odd {
		delta = uint64(bits.ReverseBytes16(checksum.Fold(delta)))
	}
	return delta
}
