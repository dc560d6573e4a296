package header

import (
	"bytes"
	"testing"
)

func TestParseICMP(t *testing.T) {
	testParse(t, ParseICMP, map[string]parseCase{
		"empty":          {nil, refused},
		"checksum only":  {make([]byte, 4), refused},
		"one byte short": {make([]byte, 7), refused},
		"header alone":   {make([]byte, 8), 8},
		"with payload":   {make([]byte, 36), 36},
	})
}

func TestICMP(t *testing.T) {
	// bytes(ICMP(type=3, code=4, nexthopmtu=1400)/'quoted') of scapy 2.5.0
	h, _ := ParseICMP(unhex("0304b135" + "00000578" + "71756f746564"))
	equal(t, "Type()", h.Type(), ICMPDstUnreachable)
	equal(t, "Code()", h.Code(), ICMPFragNeeded)
	equal(t, "Checksum()", h.Checksum(), 0xb135)
	equal(t, "Rest()", h.Rest(), 1400)
	equal(t, "MTU4()", h.MTU4(), 1400)
	equal(t, "Payload()", string(h.Payload()), "quoted")
}

func TestICMPSetters(t *testing.T) {
	h := ICMP(bytes.Repeat([]byte{0xff}, ICMPSize))
	h.SetType(ICMPv6PacketTooBig)
	h.SetCode(0)
	h.SetChecksum(0xbeef)
	h.SetRest(0x12345678)
	if want := unhex("0200beef12345678"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
	equal(t, "field at ICMPChecksumOffset", be16(h[ICMPChecksumOffset:]), 0xbeef)
}

func TestICMPMTU(t *testing.T) {
	h := ICMP(bytes.Repeat([]byte{0xff}, ICMPSize))
	h.SetMTU4(1400)
	equal(t, "Rest() after SetMTU4", h.Rest(), 1400) // RFC 1191: the other half is zero
	equal(t, "MTU4()", h.MTU4(), 1400)
	h.SetMTU6(70000)
	equal(t, "Rest() after SetMTU6", h.Rest(), 70000)
	equal(t, "MTU6()", h.MTU6(), 70000)
	h.SetRest(0xffff0500)
	equal(t, "MTU4() beside an unused half that is used", h.MTU4(), 0x500)
}

func FuzzICMP(f *testing.F) {
	f.Add(unhex("0304b135" + "00000578" + "71756f746564"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseICMP(b)
		if !ok {
			return
		}
		before := bytes.Clone(b)
		h.SetType(h.Type())
		h.SetCode(h.Code())
		h.SetChecksum(h.Checksum())
		h.SetMTU6(h.MTU6())
		h.SetRest(h.Rest())
		if h.Rest()>>16 == 0 {
			h.SetMTU4(h.MTU4())
		}
		if h.Payload(); !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
	})
}
