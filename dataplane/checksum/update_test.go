package checksum

import (
	"encoding/binary"
	"testing"
)

func TestUpdate(t *testing.T) {
	tests := map[string]struct{ field, before, after, want uint16 }{
		"RFC 1624 section 4":  {0xdd2f, 0x5555, 0x3285, 0x0000},
		"nothing changed":     {0x1234, 0x5555, 0x5555, 0x1234},
		"zero to all ones":    {0x1234, 0x0000, 0xffff, 0x1234},
		"one less, like TTL":  {0x4e94, 0x4006, 0x3f06, 0x4f94},
		"wraps around":        {0xfffe, 0x0002, 0x0000, 0x0001},
		"field of zero":       {0x0000, 0x0001, 0x0002, 0xfffe},
		"zero spelled 0xffff": {0xffff, 0x0001, 0x0002, 0xfffe},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Update(tt.field, tt.before, tt.after); got != tt.want {
				t.Errorf("Update(%#04x, %#04x, %#04x) = %#04x, want %#04x", tt.field, tt.before, tt.after, got, tt.want)
			}
		})
	}
}

// TestApplySpellsZeroAsSumDoes shows it for every field that Sum can return:
// UDP's callers have one spelling to look for.
func TestApplySpellsZeroAsSumDoes(t *testing.T) {
	for field := range uint32(0xffff) {
		if got := Apply(uint16(field), Delta32(0, field)); got != 0 {
			t.Fatalf("Apply(%#04x) = %#04x, want 0", field, got)
		}
	}
}

func FuzzUpdateAgreesWithSum(f *testing.F) {
	f.Add([]byte{0x45, 0x00, 0x00, 0x54}, uint16(0xbeef))
	f.Fuzz(func(t *testing.T, b []byte, after uint16) {
		if len(b) < 2 || len(b)%2 != 0 {
			t.Skip()
		}
		before, field := binary.BigEndian.Uint16(b), Sum(b)
		binary.BigEndian.PutUint16(b, after)
		if got, want := Update(field, before, after), Sum(b); !same(got, want) {
			t.Errorf("Update(%#04x, %#04x, %#04x) = %#04x, want %#04x", field, before, after, got, want)
		}
	})
}

// FuzzApplyAgreesWithSum changes 20 bytes of b, as masquerading an IPv6 packet
// changes an address and both ports, and applies all changes at once.
func FuzzApplyAgreesWithSum(f *testing.F) {
	f.Add(make([]byte, 20), uint64(1), uint64(2), uint32(3))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), uint64(0), uint64(0), uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, hi, lo uint64, ports uint32) {
		if len(b) < 20 || len(b)%2 != 0 {
			t.Skip()
		}
		field, partial := Sum(b), oracle(b)
		delta := Delta64(binary.BigEndian.Uint64(b), hi) +
			Delta64(binary.BigEndian.Uint64(b[8:]), lo) +
			Delta32(binary.BigEndian.Uint32(b[16:]), ports)
		binary.BigEndian.PutUint64(b, hi)
		binary.BigEndian.PutUint64(b[8:], lo)
		binary.BigEndian.PutUint32(b[16:], ports)
		if got, want := Apply(field, delta), Sum(b); !same(got, want) {
			t.Errorf("Apply(%#04x, %#x) = %#04x, want %#04x", field, delta, got, want)
		}
		if got, want := ApplyPartial(partial, delta), oracle(b); !same(got, want) {
			t.Errorf("ApplyPartial(%#04x, %#x) = %#04x, want %#04x", partial, delta, got, want)
		}
	})
}
