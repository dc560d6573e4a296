package checksum

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// oracle is the ones' complement sum of b as RFC 1071 words it, byte by byte.
func oracle(b []byte) uint16 {
	var sum uint32
	for i, c := range b {
		if i%2 == 0 {
			sum += uint32(c) << 8
		} else {
			sum += uint32(c)
		}
		if sum > 0xffff {
			sum -= 0xffff
		}
	}
	return uint16(sum)
}

// same reports whether two sums or fields are equal. Zero has two spellings in
// ones' complement arithmetic.
func same(a, b uint16) bool { return a%0xffff == b%0xffff }

func TestSum(t *testing.T) {
	tests := map[string]struct {
		in   []byte
		want uint16
	}{
		"empty":             {nil, 0xffff},
		"one byte":          {[]byte{0x12}, ^uint16(0x1200)},
		"one word":          {[]byte{0x12, 0x34}, ^uint16(0x1234)},
		"RFC 1071 example":  {[]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, ^uint16(0xddf2)},
		"carry into carry":  {[]byte{0xff, 0xff, 0xff, 0xff, 0x00, 0x01}, 0xfffe},
		"all ones":          {bytes.Repeat([]byte{0xff}, 1500), 0},
		"field that is set": {[]byte{0x45, 0x00, 0xba, 0xff}, 0},
		// IP(src='198.51.100.7', dst='192.0.2.1', id=0, flags='DF', proto=6, len=40) of scapy
		"IPv4 header": {[]byte{
			0x45, 0x00, 0x00, 0x28, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06,
			0x00, 0x00, 0xc6, 0x33, 0x64, 0x07, 0xc0, 0x00, 0x02, 0x01,
		}, 0x4e94},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Sum(tt.in); got != tt.want {
				t.Errorf("Sum(% x) = %#04x, want %#04x", tt.in, got, tt.want)
			}
		})
	}
}

func TestSumOfEveryLength(t *testing.T) {
	b := make([]byte, 300)
	for i := range b {
		b[i] = byte(i*151 + 77)
	}
	for at := range 3 {
		for n := at; n <= len(b); n++ {
			if got, want := Sum(b[at:n]), ^oracle(b[at:n]); got != want {
				t.Errorf("Sum of %d bytes from %d = %#04x, want %#04x", n-at, at, got, want)
			}
		}
	}
}

func TestFold(t *testing.T) {
	tests := map[uint64]uint16{
		0:                   0,
		1:                   1,
		0xffff:              0xffff,
		0x10000:             1,
		0xfffeffff:          0xfffe,
		0xffff_ffff:         0xffff,
		0x1_0000_0000:       1,
		0xffff_0000_0000:    0xffff,
		^uint64(0):          0xffff,
		^uint64(0) - 0xffff: 0xffff,
	}
	for acc, want := range tests {
		if got := Fold(acc); got != want {
			t.Errorf("Fold(%#x) = %#04x, want %#04x", acc, got, want)
		}
	}
}

func TestAddStaysSmallEnoughForPlus(t *testing.T) {
	b := bytes.Repeat([]byte{0xff}, 1500)
	if acc := Add(^uint64(0), b); acc >= 1<<33 {
		t.Errorf("Add = %#x, want less than %#x", acc, uint64(1<<33))
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte{}, uint64(0), 0)
	f.Add(bytes.Repeat([]byte{0xff}, 129), ^uint64(0), 64)
	f.Fuzz(func(t *testing.T, b []byte, acc uint64, cut int) {
		if got, want := Sum(b), ^oracle(b); got != want {
			t.Errorf("Sum(% x) = %#04x, want %#04x", b, got, want)
		}
		cut = min(max(cut, 0), len(b)) &^ 1
		got := Fold(Add(Add(acc, b[:cut]), b[cut:]))
		want := oracle(append(binary.BigEndian.AppendUint64(nil, acc), b...))
		if got != want {
			t.Errorf("adding % x to %#x in two parts = %#04x, want %#04x", b, acc, got, want)
		}
	})
}

func BenchmarkSum(b *testing.B) {
	for _, n := range []int{20, 64, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			buf := bytes.Repeat([]byte{0x5a}, n)
			b.ReportAllocs()
			b.SetBytes(int64(n))
			for b.Loop() {
				Sum(buf)
			}
		})
	}
}
