package header

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"xlvs/dataplane/checksum"
)

// query4 is bytes(IP(src='198.51.100.7', dst='192.0.2.1', id=0, flags='DF')/
// UDP(sport=4242, dport=53)/'who is there') of scapy 2.5.0.
const query4 = "450000280000400040114e89c6336407c0000201" + "109200350014b78777686f206973207468657265"

// options4 is the same with three no-operations and an end of options:
// bytes(IP(..., options=[IPOption_NOP()]*3)/UDP(...)/'who is there').
const options4 = "4600002c0000400040114b84c6336407c0000201" + "01010100" + "109200350014b78777686f206973207468657265"

func TestParseIPv4(t *testing.T) {
	b, opt := unhex(query4), unhex(options4)
	testParse(t, ParseIPv4, map[string]parseCase{
		"empty":                      {nil, refused},
		"truncated header":           {b[:19], refused},
		"truncated body":             {b[:39], refused},
		"whole packet":               {b, 40},
		"padded frame":               {append(unhex(query4), make([]byte, 6)...), 40},
		"with options":               {opt, 44},
		"no payload":                 {with(b, 2, 0, 20), 20},
		"version 6":                  {with(b, 0, 0x65), refused},
		"header length of 16":        {with(b, 0, 0x44), refused},
		"header length of 0":         {with(b, 0, 0x40), refused},
		"header longer than packet":  {with(b, 0, 0x4f), refused},
		"header longer than total":   {with(opt, 2, 0, 23), refused},
		"total length below header":  {with(b, 2, 0, 19), refused},
		"total length of 0, as TSO":  {with(b, 2, 0, 0), refused},
		"total length past the end":  {with(b, 2, 0, 41), refused},
		"options past the end of it": {opt[:23], refused},
	})
}

func TestParseQuotedIPv4(t *testing.T) {
	b, opt := unhex(query4), unhex(options4)
	testParse(t, ParseQuotedIPv4, map[string]parseCase{
		"truncated header":           {b[:19], refused},
		"header and eight bytes":     {b[:28], 28},
		"header alone":               {b[:20], 20},
		"whole packet":               {b, 40},
		"followed by extensions":     {append(unhex(query4), make([]byte, 100)...), 40},
		"options past the end of it": {opt[:23], refused},
		"version 6":                  {with(b, 0, 0x65), refused},
		"total length below header":  {with(b, 2, 0, 19), refused},
	})
}

func TestIPv4(t *testing.T) {
	h, _ := ParseIPv4(with(unhex(options4), 1, 0xb8))
	equal(t, "HeaderLen()", h.HeaderLen(), 24)
	equal(t, "TOS()", h.TOS(), 0xb8)
	equal(t, "TotalLen()", h.TotalLen(), 44)
	equal(t, "ID()", h.ID(), 0)
	equal(t, "TTL()", h.TTL(), 64)
	equal(t, "Proto()", h.Proto(), ProtoUDP)
	equal(t, "Checksum()", h.Checksum(), 0x4b84)
	equal(t, "ChecksumOK() with another TOS", h.ChecksumOK(), false)
	equal(t, "Src()", h.Src(), 0xc6336407)
	equal(t, "Dst()", h.Dst(), 0xc0000201)
	equal(t, "len(Payload())", len(h.Payload()), 20)
}

func TestIPv4Setters(t *testing.T) {
	h := IPv4(make([]byte, 40))
	h.SetHeaderLen(20)
	h.SetTOS(0xb8)
	h.SetTotalLen(40)
	h.SetID(0x1234)
	h.SetFragment(IPv4DontFragment, 0)
	h.SetTTL(64)
	h.SetProto(ProtoUDP)
	h.SetSrc(0xc6336407)
	h.SetDst(0xc0000201)
	h.SetChecksum(0xbeef)
	want := append(unhex("45b8002812344000"+"4011beef"+"c6336407c0000201"), make([]byte, 20)...)
	if !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
}

func TestIPv4Fragment(t *testing.T) {
	tests := map[string]struct {
		word             [2]byte
		df, mf, fragment bool
		offset           int
	}{
		"whole packet":       {[2]byte{0x00, 0x00}, false, false, false, 0},
		"must not fragment":  {[2]byte{0x40, 0x00}, true, false, false, 0},
		"evil bit":           {[2]byte{0x80, 0x00}, false, false, false, 0},
		"first fragment":     {[2]byte{0x20, 0x00}, false, true, true, 0},
		"middle fragment":    {[2]byte{0x20, 0xb9}, false, true, true, 1480},
		"last fragment":      {[2]byte{0x00, 0xb9}, false, false, true, 1480},
		"last possible byte": {[2]byte{0x1f, 0xff}, false, false, true, 65528},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h, _ := ParseIPv4(with(unhex(query4), 6, tt.word[:]...))
			equal(t, "DontFragment()", h.DontFragment(), tt.df)
			equal(t, "MoreFragments()", h.MoreFragments(), tt.mf)
			equal(t, "IsFragment()", h.IsFragment(), tt.fragment)
			equal(t, "FragmentOffset()", h.FragmentOffset(), tt.offset)
			flags := be16(tt.word[:]) & 0xe000
			h.SetFragment(flags, tt.offset)
			equal(t, "word after SetFragment", be16(h[6:]), be16(tt.word[:]))
		})
	}
}

func TestIPv4Checksum(t *testing.T) {
	for name, s := range map[string]string{"no options": query4, "options": options4} {
		h, _ := ParseIPv4(unhex(s))
		equal(t, name+": ChecksumOK()", h.ChecksumOK(), true)
		equal(t, name+": ComputeChecksum()", h.ComputeChecksum(), h.Checksum())
		h.SetChecksum(h.Checksum() + 1)
		equal(t, name+": ChecksumOK() of a wrong one", h.ChecksumOK(), false)
	}
}

// ipDecreaseTTL is the kernel's ip_decrease_ttl on a little-endian machine.
func ipDecreaseTTL(sum uint16) uint16 {
	const htons0100 = 0x0001
	check := uint32(sum>>8 | sum<<8)
	check += htons0100
	if check >= 0xffff {
		check++
	}
	return uint16(check)>>8 | uint16(check)<<8
}

func TestDecrementTTLIsTheKernels(t *testing.T) {
	h, _ := ParseIPv4(unhex(query4))
	for sum := range 1 << 16 {
		h.SetTTL(64)
		h.SetChecksum(uint16(sum))
		h.DecrementTTL()
		if want := ipDecreaseTTL(uint16(sum)); h.Checksum() != want || h.TTL() != 63 {
			t.Fatalf("DecrementTTL makes of %#04x %#04x, want %#04x", sum, h.Checksum(), want)
		}
	}
}

func TestDecrementTTLKeepsTheChecksumRight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	h, _ := ParseIPv4(unhex(query4))
	for range 10000 {
		h.SetID(uint16(r.Uint32()))
		h.SetTTL(uint8(1 + r.Uint32N(255)))
		h.SetChecksum(h.ComputeChecksum())
		if h.DecrementTTL(); !h.ChecksumOK() {
			t.Fatalf("checksum is wrong after DecrementTTL: % x", []byte(h[:IPv4Size]))
		}
	}
}

func FuzzIPv4(f *testing.F) {
	f.Add(unhex(query4))
	f.Add(unhex(options4))
	f.Fuzz(func(t *testing.T, b []byte) {
		quoted, ok := ParseQuotedIPv4(b)
		h, whole := ParseIPv4(b)
		if whole && (!ok || !bytes.Equal(h, quoted)) {
			t.Errorf("the quoted view of a whole packet differs: % x, want % x", []byte(quoted), []byte(h))
		}
		if !ok {
			return
		}
		before := bytes.Clone(b)
		rewriteIPv4(quoted)
		if !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
		quoted.SetChecksum(quoted.ComputeChecksum())
		if !quoted.ChecksumOK() || checksum.Sum(quoted[:quoted.HeaderLen()]) != 0 {
			t.Errorf("computed checksum %#04x is wrong", quoted.Checksum())
		}
		quoted.DecrementTTL()
	})
}

// rewriteIPv4 sets every field to what it is.
func rewriteIPv4(h IPv4) {
	var flags uint16
	if h.DontFragment() {
		flags |= IPv4DontFragment
	}
	if h.MoreFragments() {
		flags |= IPv4MoreFragments
	}
	if h[6]&0x80 == 0 { // the reserved bit is never set
		h.SetFragment(flags, h.FragmentOffset())
	}
	h.SetHeaderLen(h.HeaderLen())
	h.SetTOS(h.TOS())
	h.SetTotalLen(h.TotalLen())
	h.SetID(h.ID())
	h.SetTTL(h.TTL())
	h.SetProto(h.Proto())
	h.SetChecksum(h.Checksum())
	h.SetSrc(h.Src())
	h.SetDst(h.Dst())
	_ = h.Payload()
}
