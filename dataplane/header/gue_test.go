package header

import (
	"bytes"
	"testing"
)

// gueHex is a header around IPv4, and gueRemcsumHex one that leaves to the
// receiver a UDP checksum, 20 bytes into that.
const (
	gueHex        = "00040000"
	gueRemcsumHex = "02040001" + "80000000" + "0014001a"
)

func TestParseGUE(t *testing.T) {
	remcsum := unhex(gueRemcsumHex)
	testParse(t, ParseGUE, map[string]parseCase{
		"empty":                      {nil, refused},
		"one byte short":             {unhex(gueHex)[:3], refused},
		"nothing inside":             {unhex(gueHex), 4},
		"with payload":               {unhex(gueHex + "6f6464"), 7},
		"control message":            {with(unhex(gueHex), 0, 0x20), 4},
		"version 1":                  {with(unhex(gueHex), 0, 0x40), refused},
		"version 3":                  {with(unhex(gueHex), 0, 0xc0), refused},
		"remcsum":                    {remcsum, 12},
		"remcsum cut short":          {remcsum[:11], refused},
		"remcsum and more":           {with(make([]byte, 16), 0, append([]byte{3}, remcsum[1:]...)...), 16},
		"remcsum without its room":   {with(remcsum, 0, 1), refused},
		"private flags without room": {with(remcsum, 0, 0), refused},
		"private flags, none set":    {unhex("01040001" + "00000000"), 8},
		"private flag not known":     {with(remcsum, 4, 0xc0), refused},
		"flag not known":             {with(remcsum, 2, 0x80), refused},
		"options without flags":      {unhex("01040000" + "00000000"), 8},
		"longest":                    {with(make([]byte, 128), 0, 0x1f), 128},
		"longest, one byte short":    {with(make([]byte, 127), 0, 0x1f), refused},
	})
}

func TestGUE(t *testing.T) {
	h, _ := ParseGUE(unhex(gueHex + "6f6464"))
	_, _, left := h.Remcsum()
	equal(t, "IsControl()", h.IsControl(), false)
	equal(t, "HeaderLen()", h.HeaderLen(), GUESize)
	equal(t, "Proto()", h.Proto(), ProtoIPIP)
	equal(t, "Remcsum()", left, false)
	equal(t, "Payload()", string(h.Payload()), "odd")

	h, _ = ParseGUE(unhex(gueRemcsumHex + "6f6464"))
	start, field, left := h.Remcsum()
	equal(t, "HeaderLen()", h.HeaderLen(), GUESize+GUERemcsumSize)
	equal(t, "Remcsum()", left, true)
	equal(t, "start", start, 20)
	equal(t, "field", field, 26)
	equal(t, "Payload()", string(h.Payload()), "odd")

	h, _ = ParseGUE(unhex("01040001" + "00000000"))
	_, _, left = h.Remcsum()
	equal(t, "Remcsum() of no private flag", left, false)
	h, _ = ParseGUE(unhex("20040000"))
	equal(t, "IsControl()", h.IsControl(), true)
}

func TestGUESetters(t *testing.T) {
	h := GUE(bytes.Repeat([]byte{0xff}, 12))
	h.SetProto(ProtoIPIP)
	if want := unhex(gueHex); !bytes.Equal(h[:4], want) {
		t.Errorf("SetProto leaves % x, want % x", []byte(h[:4]), want)
	}
	h.SetRemcsum(20, 26)
	if want := unhex(gueRemcsumHex); !bytes.Equal(h, want) {
		t.Errorf("SetRemcsum leaves % x, want % x", []byte(h), want)
	}
}

func FuzzGUE(f *testing.F) {
	f.Add(unhex(gueHex))
	f.Add(unhex(gueRemcsumHex))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		h, ok := ParseGUE(b)
		if !ok {
			return
		}
		if n := h.HeaderLen() + len(h.Payload()); n != len(b) {
			t.Errorf("header and payload are %d bytes of %d", n, len(b))
		}
		if start, field, ok := h.Remcsum(); ok && !h.IsControl() && h.HeaderLen() == GUESize+GUERemcsumSize {
			h.SetProto(h.Proto())
			h.SetRemcsum(start, field)
			if !bytes.Equal(b, before) {
				t.Errorf("setting what is there changes % x to % x", before, b)
			}
		}
	})
}
