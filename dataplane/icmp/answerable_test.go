package icmp

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

func TestAnswerable(t *testing.T) {
	query4, query6 := queries("who is there")
	from4 := func(src string) []byte { return packettest.UDP(src+":4242", virtual4, "") }
	from6 := func(src string) []byte { return packettest.UDP("["+src+"]:4242", virtual6, "") }
	tests := map[string]struct {
		frame []byte
		want  bool
	}{
		"UDP over IPv4":                {query4, true},
		"UDP over IPv6":                {query6, true},
		"tagged":                       {packettest.VLAN(query4, 100), true},
		"TCP":                          {packettest.TCP(client4, virtual4, header.FlagSYN, ""), true},
		"to all stations":              {packettest.MACs(query4, packettest.ClientMAC(), packettest.Broadcast()), false},
		"to a group of stations":       {packettest.MACs(query6, packettest.ClientMAC(), header.MAC{0x33, 0x33}), false},
		"from nobody yet":              {from4("0.0.0.0"), false},
		"from this network":            {from4("0.0.0.7"), false},
		"from loopback":                {from4("127.0.0.1"), false},
		"from the last before groups":  {from4("223.255.255.255"), true},
		"from a multicast group":       {from4("224.0.0.1"), false},
		"from broadcast":               {from4("255.255.255.255"), false},
		"to a multicast group":         {packettest.UDP(client4, "233.252.0.1:53", ""), false},
		"to broadcast":                 {packettest.UDP(client4, "255.255.255.255:53", ""), false},
		"from nobody yet, IPv6":        {from6("::"), false},
		"from loopback, IPv6":          {from6("::1"), false},
		"from link-local":              {from6("fe80::1"), true},
		"from a multicast group, IPv6": {from6("ff02::1"), false},
		"to a multicast group, IPv6":   {packettest.UDP(client6, "[ff0e::1]:53", ""), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if p, proto := mustParse(t, tt.frame); Answerable(p, proto) != tt.want {
				t.Errorf("Answerable() = %t, want %t", !tt.want, tt.want)
			}
		})
	}
}

func TestAnswerableOfALaterFragment(t *testing.T) {
	query4, _ := queries("who is there")
	p, proto := mustParse(t, query4)
	if p.L4 = 0; Answerable(p, proto) {
		t.Error("Answerable() = true")
	}
}

// TestAnswerableByType lists the ICMP types that are queries: the rest, known or
// not, must not be answered.
func TestAnswerableByType(t *testing.T) {
	queries4 := map[uint8]bool{
		0: true, 8: true, // echo
		13: true, 14: true, // timestamp
		15: true, 16: true, // information
		17: true, 18: true, // address mask
	}
	for typ := range 256 {
		typ := uint8(typ)
		p, proto := mustParse(t, packettest.ICMP("198.51.100.7", "192.0.2.1", typ, 0, 0, "data"))
		if got, want := Answerable(p, proto), queries4[typ]; got != want {
			t.Errorf("ICMP type %d: Answerable() = %t, want %t", typ, got, want)
		}
		// RFC 4443, sections 2.1 and 2.4 (e): neither errors nor redirects are.
		p, proto = mustParse(t, packettest.ICMP("2001:db8::7", "2001:db8:1::1", typ, 0, 0, "data"))
		if got, want := Answerable(p, proto), typ >= 128 && typ != 137; got != want {
			t.Errorf("ICMPv6 type %d: Answerable() = %t, want %t", typ, got, want)
		}
	}
}

func TestAnswerableOfICMP(t *testing.T) {
	tests := map[string]struct {
		src, dst string
		proto    lvs.Protocol
		payload  []byte
		want     bool
	}{
		"echo":                       {"198.51.100.7", "192.0.2.1", lvs.ICMP, []byte{8}, true},
		"echo from a group":          {"233.252.0.1", "192.0.2.1", lvs.ICMP, []byte{8}, false},
		"echo from a group, IPv6":    {"ff0e::1", "2001:db8::1", lvs.ICMPv6, []byte{128}, false},
		"without a type":             {"198.51.100.7", "192.0.2.1", lvs.ICMP, nil, false},
		"without a type, IPv6":       {"2001:db8::7", "2001:db8:1::1", lvs.ICMPv6, nil, false},
		"ICMPv6's number over IPv4":  {"198.51.100.7", "192.0.2.1", lvs.ICMPv6, []byte{1}, true},
		"ICMP's number over IPv6":    {"2001:db8::7", "2001:db8:1::1", lvs.ICMP, []byte{3}, true},
		"another protocol, no bytes": {"198.51.100.7", "192.0.2.1", lvs.SCTP, nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := packettest.IP(tt.src, tt.dst, uint8(lvs.SCTP), tt.payload)
			if p, _ := mustParse(t, frame); Answerable(p, tt.proto) != tt.want {
				t.Errorf("Answerable() = %t, want %t", !tt.want, tt.want)
			}
		})
	}
}
