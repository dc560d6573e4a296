package header

import (
	"bytes"
	"testing"
)

// sctpHex is SCTP(sport=4242, dport=3868, tag=1)/SCTPChunkCookieEcho(cookie='odd')/
// SCTPChunkAbort() of scapy 2.5.0, with its padding.
const sctpHex = "10920f1c000000011061d975" + "0a0000076f646400" + "06000004"

func TestParseSCTP(t *testing.T) {
	testParse(t, ParseSCTP, map[string]parseCase{
		"empty":          {nil, refused},
		"one byte short": {make([]byte, 11), refused},
		"header alone":   {make([]byte, 12), 12},
		"with chunks":    {unhex(sctpHex), 24},
	})
}

func TestParseChunk(t *testing.T) {
	testParse(t, ParseChunk, map[string]parseCase{
		"empty":            {nil, refused},
		"one byte short":   {[]byte{1, 0, 0}, refused},
		"header alone":     {[]byte{6, 0, 0, 4}, 4},
		"length of zero":   {[]byte{6, 0, 0, 0}, 4},
		"length past it":   {[]byte{6, 0, 0, 40}, 4},
		"followed by more": {unhex(sctpHex)[12:], 12},
	})
}

func TestSCTP(t *testing.T) {
	h, _ := ParseSCTP(unhex(sctpHex))
	equal(t, "SrcPort()", h.SrcPort(), 4242)
	equal(t, "DstPort()", h.DstPort(), 3868)
	equal(t, "VerificationTag()", h.VerificationTag(), 1)
	equal(t, "Checksum()", h.Checksum(), 0x75d96110)
	equal(t, "ComputeChecksum()", h.ComputeChecksum(), 0x75d96110)
	equal(t, "ChecksumOK()", h.ChecksumOK(), true)
	c, _ := ParseChunk(h.Chunks())
	equal(t, "Type()", c.Type(), ChunkCookieEcho)
	equal(t, "Flags()", c.Flags(), 0)
	equal(t, "Length()", c.Length(), 7)
	h.SetSrcPort(0x0102)
	h.SetDstPort(0x0304)
	h.SetVerificationTag(0x05060708)
	h.SetChecksum(0x0c0b0a09)
	c.SetType(ChunkAbort)
	c.SetFlags(0x11)
	c.SetLength(0x1213)
	if want := unhex("0102030405060708090a0b0c" + "061112136f646400" + "06000004"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
	equal(t, "ChecksumOK()", h.ChecksumOK(), false)
}

func TestSCTPFinish(t *testing.T) {
	const unfinished = "10920f1c00000001" + "00000000" + "0a0000076f646400" + "06000004"
	for name, tt := range map[string]struct{ in, want string }{
		"finished":   {sctpHex, sctpHex},
		"unfinished": {unfinished, sctpHex},
		"wrong":      {sctpHex[:16] + "ff" + sctpHex[18:], sctpHex[:16] + "ff" + sctpHex[18:]},
	} {
		t.Run(name, func(t *testing.T) {
			h := SCTP(unhex(tt.in))
			h.Finish()
			if want := unhex(tt.want); !bytes.Equal(h, want) {
				t.Errorf("Finish leaves % x, want % x", []byte(h), want)
			}
		})
	}
}

func FuzzSCTP(f *testing.F) {
	f.Add(unhex(sctpHex))
	f.Add(make([]byte, SCTPSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseSCTP(b)
		if !ok {
			return
		}
		before := bytes.Clone(b)
		h.SetSrcPort(h.SrcPort())
		h.SetDstPort(h.DstPort())
		h.SetVerificationTag(h.VerificationTag())
		h.SetChecksum(h.Checksum())
		if c, ok := ParseChunk(h.Chunks()); ok {
			c.SetType(c.Type())
			c.SetFlags(c.Flags())
			c.SetLength(c.Length())
		}
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
		h.SetChecksum(0)
		if h.Finish(); !h.ChecksumOK() {
			t.Errorf("Finish leaves % x, which does not verify", b)
		}
	})
}
