// Package checksum is the Internet checksum, computed and kept up to date, and
// SCTP's CRC32c.
//
// A sum is carried in a 64-bit accumulator and folded to 16 bits at the very
// end, because ones' complement addition does not care in which order, or in
// words of which width, it is done (RFC 1071, section 2). A field that covers a
// packet is corrected by what changed, not computed again (RFC 1624). Nothing
// here allocates, and nothing here knows where in a packet a checksum is.
package checksum

import (
	"encoding/binary"
	"math/bits"
)

// Sum returns the checksum field for b: the complement of its ones' complement
// sum. It is zero for bytes that hold a correct field. Over UDP a result of
// zero must be sent as 0xffff, which means the same (RFC 768).
func Sum(b []byte) uint16 { return ^Fold(Add(0, b)) }

// Add returns acc with the 16-bit words of b added. If b has an odd length it
// must be the last to be added, as its last byte is padded with zero. The
// result is below 1<<33, so that a few of them may be added up with +.
func Add(acc uint64, b []byte) uint64 {
	// The words are loaded without swapping their bytes. The sum comes out
	// swapped and is turned around once, at the end (RFC 1071, section 2 (B)).
	var sum, carry uint64
	for ; len(b) >= 64; b = b[64:] {
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[8:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[16:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[24:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[32:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[40:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[48:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[56:]), carry)
	}
	for ; len(b) >= 8; b = b[8:] {
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b), carry)
	}
	sum, carry = bits.Add64(sum, tail(b), carry)
	sum, carry = bits.Add64(sum, bits.ReverseBytes64(acc), carry)
	// Adding 1 cannot carry again: a carry leaves the sum below its maximum.
	return halves(bits.ReverseBytes64(sum + carry))
}

// tail returns the last bytes, fewer than eight, as one word for Add.
func tail(b []byte) (w uint64) {
	if len(b) >= 4 {
		w, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
	}
	if len(b) >= 2 {
		w, b = w<<16|uint64(binary.LittleEndian.Uint16(b)), b[2:]
	}
	if len(b) == 1 {
		w = w<<16 | uint64(b[0])
	}
	return w
}

// halves returns a number below 1<<33 that folds to what w folds to.
func halves(w uint64) uint64 { return w>>32 + w&0xffffffff }

// Fold returns acc folded to 16 bits, not complemented. Only a zero acc folds
// to zero; every other multiple of 0xffff folds to 0xffff.
func Fold(acc uint64) uint16 {
	// A number plus itself with its halves exchanged has in its upper half
	// the sum of both halves, the carry out of them brought around.
	acc += bits.RotateLeft64(acc, 32)
	w := uint32(acc >> 32)
	w += bits.RotateLeft32(w, 16)
	return uint16(w >> 16)
}
