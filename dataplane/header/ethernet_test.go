package header

import (
	"bytes"
	"testing"
)

func TestParseEthernet(t *testing.T) {
	testParse(t, ParseEthernet, map[string]parseCase{
		"empty":          {nil, refused},
		"one byte short": {make([]byte, 13), refused},
		"header alone":   {make([]byte, 14), 14},
		"with payload":   {make([]byte, 60), 60},
	})
}

func TestEthernet(t *testing.T) {
	h, _ := ParseEthernet(unhex("0200000000020200000000010800" + "45"))
	equal(t, "Dst()", h.Dst(), MAC{2, 0, 0, 0, 0, 2})
	equal(t, "Src()", h.Src(), MAC{2, 0, 0, 0, 0, 1})
	equal(t, "Type()", h.Type(), TypeIPv4)
	equal(t, "len(Payload())", len(h.Payload()), 1)
	h.SetDst(MAC{2, 0, 0, 0, 0, 3})
	h.SetSrc(MAC{2, 0, 0, 0, 0, 4})
	h.SetType(TypeIPv6)
	if want := unhex("02000000000302000000000486dd" + "45"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
}

func TestMAC(t *testing.T) {
	tests := map[string]struct {
		in              MAC
		multicast, zero bool
	}{
		"02:00:00:00:00:01": {MAC{2, 0, 0, 0, 0, 1}, false, false},
		"00:00:00:00:00:00": {MAC{}, false, true},
		"ff:ff:ff:ff:ff:ff": {MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, true, false},
		"33:33:00:00:00:01": {MAC{0x33, 0x33, 0, 0, 0, 1}, true, false},
		"01:00:5e:00:00:12": {MAC{0x01, 0, 0x5e, 0, 0, 0x12}, true, false},
	}
	for want, tt := range tests {
		equal(t, "String()", tt.in.String(), want)
		equal(t, want+": IsMulticast()", tt.in.IsMulticast(), tt.multicast)
		equal(t, want+": IsZero()", tt.in.IsZero(), tt.zero)
	}
}

func FuzzEthernet(f *testing.F) {
	f.Add(unhex("0200000000020200000000010800"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseEthernet(b)
		if !ok {
			return
		}
		before := bytes.Clone(b)
		h.SetDst(h.Dst())
		h.SetSrc(h.Src())
		h.SetType(h.Type())
		if h.Payload(); !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
	})
}
