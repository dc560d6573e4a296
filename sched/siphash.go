package sched

import "math/bits"

// siphash13 returns the SipHash-1-3 of the four bytes of v, least significant
// first, truncated to 32 bits: hsiphash_1u32 of a 64-bit kernel, with the key's
// two words (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). Four
// bytes make one block, whose top byte is their number.
func siphash13(v uint32, k0, k1 uint64) uint32 {
	block := 4<<56 | uint64(v)
	s := sipState{
		k0 ^ 0x736f6d6570736575,
		k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261,
		k1 ^ 0x7465646279746573 ^ block,
	}
	s = s.round()
	s.v0 ^= block
	s.v2 ^= 0xff
	s = s.round().round().round()
	return uint32(s.v0 ^ s.v1 ^ s.v2 ^ s.v3)
}

// A sipState is what SipHash stirs.
type sipState struct{ v0, v1, v2, v3 uint64 }

// round stirs once (SipRound).
func (s sipState) round() sipState {
	s.v0 += s.v1
	s.v2 += s.v3
	s.v1 = bits.RotateLeft64(s.v1, 13) ^ s.v0
	s.v3 = bits.RotateLeft64(s.v3, 16) ^ s.v2
	s.v0 = bits.RotateLeft64(s.v0, 32)
	s.v2 += s.v1
	s.v0 += s.v3
	s.v1 = bits.RotateLeft64(s.v1, 17) ^ s.v2
	s.v3 = bits.RotateLeft64(s.v3, 21) ^ s.v0
	s.v2 = bits.RotateLeft64(s.v2, 32)
	return s
}
