package header

import (
	"bytes"
	"testing"
)

func TestParseUDP(t *testing.T) {
	testParse(t, ParseUDP, map[string]parseCase{
		"empty":               {nil, refused},
		"one byte short":      {[]byte{0, 1, 0, 53, 0, 8, 0}, refused},
		"length below header": {[]byte{0, 1, 0, 53, 0, 7, 0, 0}, refused},
		"length of zero":      {[]byte{0, 1, 0, 53, 0, 0, 0, 0}, refused},
		"length past frame":   {[]byte{0, 1, 0, 53, 0, 9, 0, 0}, refused},
		"no payload":          {[]byte{0, 1, 0, 53, 0, 8, 0, 0}, 8},
		"padded frame":        {[]byte{0, 1, 0, 53, 0, 8, 0, 0, 0xff, 0xff}, 8},
		"with payload":        {[]byte{0, 1, 0, 53, 0, 10, 0, 0, 'h', 'i'}, 10},
	})
}

func TestUDP(t *testing.T) {
	h, _ := ParseUDP(unhex("10920035000a2b2f6869"))
	equal(t, "SrcPort()", h.SrcPort(), 4242)
	equal(t, "DstPort()", h.DstPort(), 53)
	equal(t, "Length()", h.Length(), 10)
	equal(t, "Checksum()", h.Checksum(), 0x2b2f)
	equal(t, "Payload()", string(h.Payload()), "hi")
	h.SetSrcPort(0x0102)
	h.SetDstPort(0x0304)
	h.SetLength(8)
	h.SetChecksum(0)
	if want := unhex("01020304000800006869"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
	h.SetChecksum(0xbeef)
	equal(t, "field at UDPChecksumOffset", be16(h[UDPChecksumOffset:]), 0xbeef)
}

func TestPorts(t *testing.T) {
	testParse(t, ParsePorts, map[string]parseCase{
		"empty":          {nil, refused},
		"one byte short": {make([]byte, 3), refused},
		"ports alone":    {make([]byte, 4), 4},
		"eight bytes":    {make([]byte, 8), 8},
	})
	h, _ := ParsePorts(unhex("10920035ff"))
	equal(t, "Src()", h.Src(), 4242)
	equal(t, "Dst()", h.Dst(), 53)
	h.SetSrc(0x0102)
	h.SetDst(0x0304)
	if want := unhex("01020304ff"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
}

func FuzzUDP(f *testing.F) {
	f.Add(unhex("10920035000a2b2f6869"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		if p, ok := ParsePorts(b); ok {
			p.SetSrc(p.Src())
			p.SetDst(p.Dst())
		}
		h, ok := ParseUDP(b)
		if !ok {
			return
		}
		h.SetSrcPort(h.SrcPort())
		h.SetDstPort(h.DstPort())
		h.SetLength(h.Length())
		h.SetChecksum(h.Checksum())
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
		if n := UDPSize + len(h.Payload()); n != h.Length() {
			t.Errorf("header and payload are %d bytes, Length() = %d", n, h.Length())
		}
	})
}
