package checksum

import (
	"bytes"
	"slices"
	"testing"
)

// crcOracle is CRC32c bit by bit: the polynomial reflected, ones before and after.
func crcOracle(b []byte) uint32 {
	crc := ^uint32(0)
	for _, c := range b {
		crc ^= uint32(c)
		for range 8 {
			crc = crc>>1 ^ 0x82f63b78&-(crc&1)
		}
	}
	return ^crc
}

// zeroed returns a copy of b with four bytes of zero at a place.
func zeroed(b []byte, at int) []byte {
	b = slices.Clone(b)
	clear(b[at : at+crcSize])
	return b
}

// TestCRCOracle has the vectors of RFC 3720, appendix B.4.
func TestCRCOracle(t *testing.T) {
	up := make([]byte, 32)
	for i := range up {
		up[i] = byte(i)
	}
	down := slices.Clone(up)
	slices.Reverse(down)
	tests := map[string]struct {
		in   []byte
		want uint32
	}{
		"zeroes":     {make([]byte, 32), 0x8a9136aa},
		"ones":       {bytes.Repeat([]byte{0xff}, 32), 0x62a8ab43},
		"increasing": {up, 0x46dd794e},
		"decreasing": {down, 0x113fdb5c},
	}
	for name, tt := range tests {
		if got := crcOracle(tt.in); got != tt.want {
			t.Errorf("%s: %#08x, want %#08x", name, got, tt.want)
		}
	}
}

func TestCRC32c(t *testing.T) {
	tests := map[string]struct {
		in    []byte
		field int
		want  uint32
	}{
		"zeroes":       {make([]byte, 32), 8, 0x8a9136aa},
		"field is set": {append(make([]byte, 28), 1, 2, 3, 4), 28, 0x8a9136aa},
		"field alone":  {[]byte{1, 2, 3, 4}, 0, crcOracle(make([]byte, 4))},
		"field first":  {[]byte("\x01\x02\x03\x04payload"), 0, crcOracle([]byte("\x00\x00\x00\x00payload"))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := CRC32c(tt.in, tt.field); got != tt.want {
				t.Errorf("CRC32c(% x, %d) = %#08x, want %#08x", tt.in, tt.field, got, tt.want)
			}
		})
	}
}

func TestCRC32cDoesNotAllocate(t *testing.T) {
	b := make([]byte, 1500)
	if n := testing.AllocsPerRun(100, func() { CRC32c(b, 8) }); n != 0 {
		t.Errorf("CRC32c allocates %v times, want 0", n)
	}
}

func FuzzCRC32c(f *testing.F) {
	f.Add(make([]byte, 12), 8)
	f.Add(bytes.Repeat([]byte{0xa5}, 100), 0)
	f.Fuzz(func(t *testing.T, b []byte, field int) {
		if field < 0 || field > len(b)-crcSize {
			t.Skip()
		}
		if got, want := CRC32c(b, field), crcOracle(zeroed(b, field)); got != want {
			t.Errorf("CRC32c(% x, %d) = %#08x, want %#08x", b, field, got, want)
		}
	})
}

func BenchmarkCRC32c(b *testing.B) {
	buf := bytes.Repeat([]byte{0x5a}, 1500)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		CRC32c(buf, 8)
	}
}
