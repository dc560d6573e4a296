package header

import (
	"bytes"
	"testing"
)

// ahHex is AH(nh=17, payloadlen=4, spi=0x1000, seq=7, icv=b'\0'*12)/'hi', and
// espHex ESP(spi=0x1000, seq=7, data='secret'), of scapy 2.5.0.
const (
	ahHex  = "11040000" + "00001000" + "00000007" + "000000000000000000000000" + "6869"
	espHex = "00001000" + "00000007" + "736563726574"
)

func TestParseAH(t *testing.T) {
	testParse(t, ParseAH, map[string]parseCase{
		"empty":               {nil, refused},
		"one byte short":      {make([]byte, 11), refused},
		"length below header": {make([]byte, 40), refused},
		"no check value":      {with(make([]byte, 12), 1, 1), 12},
		"length past the end": {unhex(ahHex)[:23], refused},
		"check value alone":   {unhex(ahHex)[:24], 24},
		"longest":             {with(make([]byte, 1028), 1, 255), 1028},
		"with payload":        {unhex(ahHex), 26},
	})
}

func TestAH(t *testing.T) {
	h, _ := ParseAH(unhex(ahHex))
	equal(t, "NextHeader()", h.NextHeader(), ProtoUDP)
	equal(t, "HeaderLen()", h.HeaderLen(), 24)
	equal(t, "SPI()", h.SPI(), 0x1000)
	equal(t, "Seq()", h.Seq(), 7)
	h.SetNextHeader(ProtoTCP)
	h.SetHeaderLen(16)
	h.SetSPI(0x01020304)
	h.SetSeq(0x05060708)
	if want := unhex("06020000" + "01020304" + "05060708"); !bytes.Equal(h[:AHSize], want) {
		t.Errorf("setters leave % x, want % x", []byte(h[:AHSize]), want)
	}
}

func TestParseESP(t *testing.T) {
	testParse(t, ParseESP, map[string]parseCase{
		"empty":          {nil, refused},
		"one byte short": {make([]byte, 7), refused},
		"nothing inside": {make([]byte, 8), 8},
		"with payload":   {unhex(espHex), 14},
	})
}

func TestESP(t *testing.T) {
	h, _ := ParseESP(unhex(espHex))
	equal(t, "SPI()", h.SPI(), 0x1000)
	equal(t, "Seq()", h.Seq(), 7)
	h.SetSPI(0x01020304)
	h.SetSeq(0x05060708)
	if want := unhex("0102030405060708" + "736563726574"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
}

func FuzzIPsec(f *testing.F) {
	f.Add(unhex(ahHex))
	f.Add(unhex(espHex))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		if h, ok := ParseAH(b); ok {
			h.SetNextHeader(h.NextHeader())
			h.SetHeaderLen(h.HeaderLen())
			h.SetSPI(h.SPI())
			h.SetSeq(h.Seq())
		}
		if h, ok := ParseESP(b); ok {
			h.SetSPI(h.SPI())
			h.SetSeq(h.Seq())
		}
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
	})
}
