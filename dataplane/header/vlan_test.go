package header

import (
	"bytes"
	"testing"
)

func TestNetwork(t *testing.T) {
	const macs = "020000000002020000000001"
	tests := map[string]struct {
		in        []byte
		etherType uint16
		offset    int
		ok        bool
	}{
		"empty":                {nil, 0, 0, false},
		"one byte short":       {unhex(macs + "08"), 0, 0, false},
		"untagged":             {unhex(macs + "0800"), TypeIPv4, 14, true},
		"802.3 length":         {unhex(macs + "0026"), 0x26, 14, true},
		"one tag":              {unhex(macs + "81000064" + "86dd"), TypeIPv6, 18, true},
		"service tag alone":    {unhex(macs + "88a80064" + "0806"), TypeARP, 18, true},
		"service and customer": {unhex(macs + "88a800c8" + "81000064" + "0800"), TypeIPv4, 22, true},
		"two 802.1Q tags":      {unhex(macs + "810000c8" + "81000064" + "0800"), TypeIPv4, 22, true},
		"truncated tag":        {unhex(macs + "81000064" + "08"), 0, 0, false},
		"truncated second tag": {unhex(macs + "88a800c8" + "81000064" + "08"), 0, 0, false},
		"three tags":           {unhex(macs + "88a800c8" + "81000064" + "81000065" + "0800"), TypeVLAN, 22, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			etherType, offset, ok := Network(tt.in)
			if etherType != tt.etherType || offset != tt.offset || ok != tt.ok {
				t.Errorf("Network(% x) = %#04x, %d, %t, want %#04x, %d, %t",
					tt.in, etherType, offset, ok, tt.etherType, tt.offset, tt.ok)
			}
		})
	}
}

func TestParseVLAN(t *testing.T) {
	testParse(t, ParseVLAN, map[string]parseCase{
		"empty":          {nil, refused},
		"one byte short": {make([]byte, 3), refused},
		"tag alone":      {make([]byte, 4), 4},
		"with payload":   {make([]byte, 46), 46},
	})
}

func TestVLAN(t *testing.T) {
	h, _ := ParseVLAN(unhex("b0640800" + "45"))
	equal(t, "TCI()", h.TCI(), 0xb064)
	equal(t, "ID()", h.ID(), 100)
	equal(t, "Priority()", h.Priority(), 5)
	equal(t, "Type()", h.Type(), TypeIPv4)
	equal(t, "len(Payload())", len(h.Payload()), 1)
	h.SetTCI(0x0fff)
	h.SetType(TypeIPv6)
	if want := unhex("0fff86dd" + "45"); !bytes.Equal(h, want) {
		t.Errorf("setters leave % x, want % x", []byte(h), want)
	}
}

func FuzzNetwork(f *testing.F) {
	f.Add(unhex("020000000002020000000001" + "88a800c8" + "81000064" + "0800"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, offset, ok := Network(b)
		if ok && (offset > len(b) || offset < EthernetSize || offset > EthernetSize+maxTags*VLANSize) {
			t.Errorf("Network(% x) is at %d", b, offset)
		}
		if h, ok := ParseVLAN(b); ok {
			h.SetTCI(h.TCI())
			h.SetType(h.Type())
			if h.Payload(); h.ID() > 4095 || h.Priority() > 7 {
				t.Errorf("tag % x has ID %d and priority %d", b[:VLANSize], h.ID(), h.Priority())
			}
		}
	})
}
