package header

import (
	"bytes"
	"testing"
)

// segment is bytes(TCP(sport=4242, dport=80, seq=1, ack=2, window=65535,
// flags='SA', options=[('MSS', 1460)])/'hi') of scapy 2.5.0, with a checksum.
const segment = "109200500000000100000002" + "6012ffffbeef0000" + "020405b4" + "6869"

func TestParseTCP(t *testing.T) {
	b := unhex(segment)
	testParse(t, ParseTCP, map[string]parseCase{
		"empty":                    {nil, refused},
		"ports only":               {b[:4], refused},
		"one byte short":           {b[:19], refused},
		"with options and payload": {b, 26},
		"options end it":           {b[:24], 24},
		"truncated options":        {b[:23], refused},
		"no options":               {with(b, 12, 0x50)[:20], 20},
		"data offset of 16":        {with(b, 12, 0x40), refused},
		"data offset of 0":         {with(b, 12, 0x00), refused},
		"data offset past the end": {with(b, 12, 0xf0), refused},
		"reserved bits set":        {with(b, 12, 0x6f), 26},
	})
}

func TestTCP(t *testing.T) {
	h, _ := ParseTCP(unhex(segment))
	equal(t, "SrcPort()", h.SrcPort(), 4242)
	equal(t, "DstPort()", h.DstPort(), 80)
	equal(t, "Seq()", h.Seq(), 1)
	equal(t, "Ack()", h.Ack(), 2)
	equal(t, "DataOffset()", h.DataOffset(), 24)
	equal(t, "Flags()", h.Flags(), FlagSYN|FlagACK)
	equal(t, "Window()", h.Window(), 65535)
	equal(t, "Checksum()", h.Checksum(), 0xbeef)
	equal(t, "Options()", string(h.Options()), "\x02\x04\x05\xb4")
	equal(t, "Payload()", string(h.Payload()), "hi")
}

func TestTCPFlagsAreThoseOfTheRFC(t *testing.T) {
	flags := []TCPFlags{FlagFIN, FlagSYN, FlagRST, FlagPSH, FlagACK, FlagURG}
	for i, f := range flags {
		equal(t, "flag", f, TCPFlags(1)<<i)
	}
}

func TestTCPSetters(t *testing.T) {
	want := unhex(segment)
	h := TCP(append(make([]byte, TCPSize), want[TCPSize:]...))
	h.SetSrcPort(4242)
	h.SetDstPort(80)
	h.SetSeq(1)
	h.SetAck(2)
	h.SetDataOffset(24)
	h.SetFlags(FlagSYN | FlagACK)
	h.SetWindow(65535)
	h.SetChecksum(0xbeef)
	if !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
	equal(t, "field at TCPChecksumOffset", be16(h[TCPChecksumOffset:]), 0xbeef)
	h[12] |= 0x0f
	h.SetDataOffset(20)
	equal(t, "reserved bits after SetDataOffset", h[12], 0x5f)
}

func FuzzTCP(f *testing.F) {
	f.Add(unhex(segment))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseTCP(b)
		if !ok {
			return
		}
		before := bytes.Clone(b)
		h.SetSrcPort(h.SrcPort())
		h.SetDstPort(h.DstPort())
		h.SetSeq(h.Seq())
		h.SetAck(h.Ack())
		h.SetDataOffset(h.DataOffset())
		h.SetFlags(h.Flags())
		h.SetWindow(h.Window())
		h.SetChecksum(h.Checksum())
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
		if n := TCPSize + len(h.Options()) + len(h.Payload()); n != len(b) {
			t.Errorf("header, options and payload are %d bytes of %d", n, len(b))
		}
	})
}
