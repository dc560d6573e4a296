package header

import (
	"bytes"
	"testing"
)

// greHex is GRE(proto=0x0800)/'odd', and greCsumHex the same with
// chksum_present=1, of scapy 2.5.0.
const (
	greHex     = "00000800" + "6f6464"
	greCsumHex = "80000800" + "a49a0000" + "6f6464"
)

func TestParseGRE(t *testing.T) {
	testParse(t, ParseGRE, map[string]parseCase{
		"empty":                   {nil, refused},
		"one byte short":          {unhex(greHex)[:3], refused},
		"nothing inside":          {unhex(greHex)[:4], 4},
		"with payload":            {unhex(greHex), 7},
		"checksum cut short":      {unhex(greCsumHex)[:7], refused},
		"checksum, nothing after": {unhex(greCsumHex)[:8], 8},
		"checksum, with payload":  {unhex(greCsumHex), 11},
		"source route":            {with(unhex(greCsumHex), 0, 0x40), refused},
		"key":                     {with(unhex(greCsumHex), 0, 0x20), refused},
		"sequence number":         {with(unhex(greCsumHex), 0, 0x10), refused},
		"checksum and key":        {with(unhex(greCsumHex), 0, 0xa0), refused},
		"version 1":               {with(unhex(greHex), 1, 1), refused},
	})
}

func TestGRE(t *testing.T) {
	h, _ := ParseGRE(unhex(greHex))
	equal(t, "HeaderLen()", h.HeaderLen(), GRESize)
	equal(t, "Type()", h.Type(), TypeIPv4)
	equal(t, "ChecksumOK()", h.ChecksumOK(), true)
	equal(t, "Payload()", string(h.Payload()), "odd")

	h, _ = ParseGRE(unhex(greCsumHex))
	equal(t, "HeaderLen()", h.HeaderLen(), GREChecksumSize)
	equal(t, "Checksum()", h.Checksum(), 0xa49a)
	equal(t, "ChecksumOK()", h.ChecksumOK(), true)
	equal(t, "Payload()", string(h.Payload()), "odd")
	h.SetChecksum(0xbeef)
	equal(t, "ComputeChecksum()", h.ComputeChecksum(), 0xa49a)
	equal(t, "ChecksumOK() of another", h.ChecksumOK(), false)
}

func TestGRESetters(t *testing.T) {
	h := GRE(bytes.Repeat([]byte{0xff}, 11))
	copy(h[8:], "odd")
	h.SetHeaderLen(GREChecksumSize)
	h.SetType(TypeIPv4)
	h.SetChecksum(h.ComputeChecksum())
	if want := unhex(greCsumHex); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
	h.SetHeaderLen(GRESize)
	h.SetType(TypeIPv6)
	if want := unhex("000086dd"); !bytes.Equal(h[:4], want) {
		t.Errorf("setters leave % x, want % x", []byte(h[:4]), want)
	}
}

func FuzzGRE(f *testing.F) {
	f.Add(unhex(greHex))
	f.Add(unhex(greCsumHex))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		h, ok := ParseGRE(b)
		if !ok {
			return
		}
		h.SetType(h.Type())
		if n := h.HeaderLen() + len(h.Payload()); n != len(b) {
			t.Errorf("header and payload are %d bytes of %d", n, len(b))
		}
		if h.HeaderLen() == GREChecksumSize {
			h.SetChecksum(h.Checksum())
			// Zero has two spellings in ones' complement arithmetic.
			if same := h.Checksum()%0xffff == h.ComputeChecksum()%0xffff; h.ChecksumOK() != same {
				t.Errorf("ChecksumOK() = %t, Checksum() = %#04x, ComputeChecksum() = %#04x", h.ChecksumOK(), h.Checksum(), h.ComputeChecksum())
			}
		}
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
	})
}
