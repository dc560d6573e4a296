package sched

import (
	"encoding/binary"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// slowSipHash is SipHash-c-d of any message, word for word as its paper has it.
func slowSipHash(c, d int, k0, k1 uint64, message []byte) uint64 {
	v := [4]uint64{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
	rounds := func(n int) {
		for range n {
			for half := range 2 { // the second with the roles of v[0] and v[2] exchanged
				a, b := 2*half, 2-2*half
				v[a] += v[1]
				v[b] += v[3]
				v[1] = bits.RotateLeft64(v[1], 13+4*half) ^ v[a]
				v[3] = bits.RotateLeft64(v[3], 16+5*half) ^ v[b]
				v[a] = bits.RotateLeft64(v[a], 32)
			}
		}
	}
	padded := append([]byte(nil), message...)
	for len(padded)%8 != 7 {
		padded = append(padded, 0)
	}
	padded = append(padded, byte(len(message)))
	for ; len(padded) > 0; padded = padded[8:] {
		block := binary.LittleEndian.Uint64(padded)
		v[3] ^= block
		rounds(c)
		v[0] ^= block
	}
	v[2] ^= 0xff
	rounds(d)
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

const (
	testKey0 = 0x0706050403020100
	testKey1 = 0x0f0e0d0c0b0a0908
)

// TestSlowSipHash holds the oracle against the example in the paper's appendix.
func TestSlowSipHash(t *testing.T) {
	message := make([]byte, 15)
	for i := range message {
		message[i] = byte(i)
	}
	if got := slowSipHash(2, 4, testKey0, testKey1, message); got != 0xa129ca6149be45e5 {
		t.Errorf("SipHash-2-4 of 00..0e = %#x, want 0xa129ca6149be45e5", got)
	}
}

// TestSipHash13KernelVector is what the kernel tests its own with.
func TestSipHash13KernelVector(t *testing.T) {
	if got := siphash13(0x03020100, testKey0, testKey1); got != 0x88d38328 {
		t.Errorf("siphash13(00 01 02 03) = %#08x, want 0x88d38328", got)
	}
}

func TestSipHash13AgreesWithThePaper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, k0, k1 := rapid.Uint32().Draw(t, "v"), rapid.Uint64().Draw(t, "k0"), rapid.Uint64().Draw(t, "k1")
		message := binary.LittleEndian.AppendUint32(nil, v)
		if got, want := siphash13(v, k0, k1), uint32(slowSipHash(1, 3, k0, k1, message)); got != want {
			t.Fatalf("siphash13(%#x, %#x, %#x) = %#x, want %#x", v, k0, k1, got, want)
		}
	})
}
