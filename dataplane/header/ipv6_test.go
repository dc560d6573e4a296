package header

import (
	"bytes"
	"testing"
)

// front6 is the IPv6 header of scapy 2.5.0 without its length and next header:
// bytes(IPv6(src='2001:db8::7', dst='2001:db8:1::1')).
const (
	front6 = "60000000"
	addrs6 = "40" + "20010db8000000000000000000000007" + "20010db8000100000000000000000001"
)

// query6 is bytes(IPv6(src='2001:db8::7', dst='2001:db8:1::1')/
// UDP(sport=4242, dport=53)/'hi') of scapy 2.5.0.
const query6 = front6 + "000a11" + addrs6 + "10920035000a2b2f6869"

func TestParseIPv6(t *testing.T) {
	b := unhex(query6)
	testParse(t, ParseIPv6, map[string]parseCase{
		"empty":                     {nil, refused},
		"truncated header":          {b[:39], refused},
		"truncated body":            {b[:49], refused},
		"whole packet":              {b, 50},
		"padded frame":              {append(unhex(query6), make([]byte, 6)...), 50},
		"no payload":                {with(b, 4, 0, 0), 40},
		"version 4":                 {with(b, 0, 0x45), refused},
		"payload length past end":   {with(b, 4, 0, 11), refused},
		"payload length of 64 KiB":  {with(b, 4, 0xff, 0xff), refused},
		"traffic class in the way":  {with(b, 0, 0x6f, 0xff, 0xff, 0xff), 50},
		"unknown next header":       {with(b, 6, 254), 50},
		"extension header cut away": {with(b, 4, 0, 0, extFragment)[:40], 40},
	})
}

func TestParseQuotedIPv6(t *testing.T) {
	b := unhex(query6)
	testParse(t, ParseQuotedIPv6, map[string]parseCase{
		"truncated header":       {b[:39], refused},
		"header alone":           {b[:40], 40},
		"header and eight bytes": {b[:48], 48},
		"whole packet":           {b, 50},
		"followed by extensions": {append(unhex(query6), make([]byte, 100)...), 50},
		"version 4":              {with(b, 0, 0x45), refused},
	})
}

func TestIPv6(t *testing.T) {
	h, _ := ParseIPv6(with(unhex(query6), 0, 0x6b, 0x8f, 0x12, 0x34))
	equal(t, "TrafficClass()", h.TrafficClass(), 0xb8)
	equal(t, "FlowLabel()", h.FlowLabel(), 0xf1234)
	equal(t, "PayloadLen()", h.PayloadLen(), 10)
	equal(t, "NextHeader()", h.NextHeader(), ProtoUDP)
	equal(t, "HopLimit()", h.HopLimit(), 64)
	equal(t, "Src()", [16]byte(h.Src()), [16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 7})
	equal(t, "Dst()", [16]byte(h.Dst()), [16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 15: 1})
	equal(t, "len(Payload())", len(h.Payload()), 10)
}

func TestIPv6Setters(t *testing.T) {
	want := with(unhex(query6), 0, 0x6b, 0x8f, 0x12, 0x34)
	h := IPv6(append(make([]byte, IPv6Size), want[IPv6Size:]...))
	h.SetFlow(0xb8, 0xffff1234)
	h.SetPayloadLen(10)
	h.SetNextHeader(ProtoUDP)
	h.SetHopLimit(64)
	h.SetSrc(want[8:24])
	h.SetDst(want[24:40])
	if !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
}

func FuzzIPv6(f *testing.F) {
	f.Add(unhex(query6))
	for _, ext := range chains {
		f.Add(ext.packet())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		quoted, ok := ParseQuotedIPv6(b)
		h, whole := ParseIPv6(b)
		if whole && (!ok || !bytes.Equal(h, quoted)) {
			t.Errorf("the quoted view of a whole packet differs: % x, want % x", []byte(quoted), []byte(h))
		}
		if !ok {
			return
		}
		before := bytes.Clone(b)
		quoted.SetFlow(quoted.TrafficClass(), quoted.FlowLabel())
		quoted.SetPayloadLen(quoted.PayloadLen())
		quoted.SetNextHeader(quoted.NextHeader())
		quoted.SetHopLimit(quoted.HopLimit())
		quoted.SetSrc(quoted.Src())
		quoted.SetDst(quoted.Dst())
		if quoted.Payload(); !bytes.Equal(b, before) {
			t.Errorf("setting what is there changes % x to % x", before, b)
		}
		if tr, ok := quoted.Transport(); ok && (tr.Offset < IPv6Size || tr.Offset > len(quoted)) {
			t.Errorf("Transport() = %+v in %d bytes", tr, len(quoted))
		}
	})
}
