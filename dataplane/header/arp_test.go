package header

import (
	"bytes"
	"testing"
)

// request is bytes(ARP(op=1, hwsrc='02:00:00:00:00:01', psrc='198.51.100.7',
// hwdst='00:00:00:00:00:00', pdst='192.0.2.1')) of scapy 2.5.0.
const request = "0001080006040001020000000001c6336407000000000000c0000201"

func TestParseARP(t *testing.T) {
	b := unhex(request)
	testParse(t, ParseARP, map[string]parseCase{
		"empty":                {nil, refused},
		"one byte short":       {b[:27], refused},
		"request":              {b, 28},
		"padded frame":         {append(unhex(request), make([]byte, 18)...), 28},
		"not Ethernet":         {with(b, 1, 6), refused},
		"not IPv4":             {with(b, 2, 0x86, 0xdd), refused},
		"long hardware length": {with(b, 4, 8), refused},
		"long protocol length": {with(b, 5, 16), refused},
	})
}

func TestARP(t *testing.T) {
	h, _ := ParseARP(unhex(request))
	equal(t, "Op()", h.Op(), ARPRequest)
	equal(t, "SenderMAC()", h.SenderMAC(), MAC{2, 0, 0, 0, 0, 1})
	equal(t, "SenderIP()", h.SenderIP(), 0xc6336407)
	equal(t, "TargetMAC()", h.TargetMAC(), MAC{})
	equal(t, "TargetIP()", h.TargetIP(), 0xc0000201)
}

func TestPutARP(t *testing.T) {
	b := bytes.Repeat([]byte{0xff}, 30)
	h := PutARP(b, ARPReply)
	h.SetSenderMAC(MAC{2, 0, 0, 0, 0, 2})
	h.SetSenderIP(0xc0000201)
	h.SetTargetMAC(MAC{2, 0, 0, 0, 0, 1})
	h.SetTargetIP(0xc6336407)
	want := unhex("0001080006040002020000000002c0000201020000000001c6336407" + "ffff")
	if !bytes.Equal(b, want) {
		t.Errorf("reply is % x, want % x", b, want)
	}
}

func FuzzARP(f *testing.F) {
	f.Add(unhex(request))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseARP(b)
		if !ok {
			return
		}
		before := bytes.Clone(b)
		PutARP(h, h.Op())
		h.SetSenderMAC(h.SenderMAC())
		h.SetSenderIP(h.SenderIP())
		h.SetTargetMAC(h.TargetMAC())
		h.SetTargetIP(h.TargetIP())
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
	})
}
