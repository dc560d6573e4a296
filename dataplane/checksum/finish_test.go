package checksum

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"testing/quick"
)

func TestFinish(t *testing.T) {
	// SCTP from 9000 to 80 with a COOKIE ACK, by scapy 2.5.0:
	//	bytes(SCTP(sport=9000, dport=80, tag=1)/SCTPChunkCookieAck())
	sctp := []byte{0x23, 0x28, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 11, 0, 0, 4}
	tests := map[string]struct {
		in    []byte
		field int
		want  []byte // of the field; nil if nothing may change
	}{
		"TCP":                      {append(make([]byte, 18), 1, 2), 16, []byte{0xfe, 0xfd}},
		"an odd length":            {append(make([]byte, 18), 1, 2, 3), 16, []byte{0xfb, 0xfd}},
		"a pseudo header's sum":    {[]byte{0, 0, 0, 0, 0, 0, 0x12, 0x34}, 6, []byte{0xed, 0xcb}},
		"zero in UDP":              {[]byte{0xff, 0xff, 0, 0, 0, 0, 0, 0}, 6, []byte{0xff, 0xff}},
		"zero elsewhere":           {append([]byte{0xff, 0xff}, make([]byte, 18)...), 16, []byte{0, 0}},
		"SCTP":                     {sctp, 8, binary.LittleEndian.AppendUint32(nil, CRC32c(sctp, 8))},
		"SCTP cut short":           {sctp[:11], 8, nil},
		"a field behind the end":   {make([]byte, 8), 7, nil},
		"a field before the start": {make([]byte, 8), -2, nil},
		"nothing":                  {nil, 0, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := bytes.Clone(tt.in)
			ok := Finish(got, tt.field)
			want := bytes.Clone(tt.in)
			if tt.want != nil {
				copy(want[tt.field:], tt.want)
			}
			if ok != (tt.want != nil) || !bytes.Equal(got, want) {
				t.Errorf("Finish(% x, %d) = %t, % x, want % x", tt.in, tt.field, ok, got, want)
			}
		})
	}
}

// TestFinishedIsNoLongerUnfinished takes any segment from its sender's state to
// the finished one.
func TestFinishedIsNoLongerUnfinished(t *testing.T) {
	const field = 16
	finishes := func(b []byte, pseudo uint32) bool {
		b = slices.Concat(make([]byte, field), []byte{0, 0, 1}, b)
		sum := uint64(pseudo)
		binary.BigEndian.PutUint16(b[field:], Fold(sum))
		return Unfinished(b, field, sum) && Finish(b, field) && Fold(Add(sum, b)) == 0xffff && !Unfinished(b, field, sum)
	}
	if err := quick.Check(finishes, nil); err != nil {
		t.Error(err)
	}
}
