package icmp

import (
	"bytes"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// echo4 and echo6 return an echo request in each family, from a host that is
// not as near as it could be.
func echo4(payload string) []byte {
	frame := packettest.ICMP("198.51.100.7", "192.0.2.1", header.ICMPEcho, 0, 0x12340007, payload)
	header.IPv4(packettest.Network(frame)).SetID(0x1234)
	return packettest.TTL(frame, 7)
}

func echo6(payload string) []byte {
	frame := packettest.ICMP("2001:db8::7", "2001:db8:1::1", header.ICMPv6EchoRequest, 0, 0x12340007, payload)
	return packettest.TTL(frame, 7)
}

// withClass returns a copy of frame with that type of service or traffic class.
func withClass(frame []byte, class uint8) []byte {
	frame = slices.Clone(frame)
	if h, ok := header.ParseIPv4(packettest.Network(frame)); ok {
		h.SetTOS(class)
	} else if h, ok := header.ParseIPv6(packettest.Network(frame)); ok {
		h.SetFlow(class, 0xabcde)
	}
	return packettest.Finish(frame)
}

// withCode returns a copy of an ICMP frame with a code, which no echo request
// needs and no host asks for.
func withCode(frame []byte, code uint8) []byte {
	frame = slices.Clone(frame)
	header.ICMP(packettest.Transport(frame)).SetCode(code)
	return packettest.Finish(frame)
}

// A reply is what Linux 6.18 sends in answer to an echo request, as
// TestKernelRepliesTheSame receives it, but for the identification: there it is
// the kernel's own, here that of the request.
type reply struct {
	request []byte
	packet  string // in hexadecimal
}

// frame returns the reply in Ethernet.
func (r reply) frame(t *testing.T) []byte {
	t.Helper()
	frame := slices.Concat(r.request[:header.EthernetSize], unhex(t, r.packet))
	return packettest.MACs(frame, packettest.DirectorMAC(), packettest.ClientMAC())
}

func replies() map[string]reply {
	return map[string]reply{
		"IPv4":             {echo4("who is there"), "450000281234000040017c65c0000201c6336407" + "0000a2891234000777686f206973207468657265"},
		"IPv6":             {echo6("who is there"), "6000000000143a4020010db800010000000000000000000120010db8000000000000000000000007" + "8100c5bf1234000777686f206973207468657265"},
		"odd":              {echo4("odd"), "4500001f1234000040017c6ec0000201c6336407" + "00001a60123400076f6464"},
		"odd, IPv6":        {echo6("odd"), "60000000000b3a4020010db800010000000000000000000120010db8000000000000000000000007" + "81003d9f123400076f6464"},
		"no data":          {echo4(""), "4500001c1234000040017c71c0000201c6336407" + "0000edc412340007"},
		"no data, IPv6":    {echo6(""), "6000000000083a4020010db800010000000000000000000120010db8000000000000000000000007" + "8100110712340007"},
		"options":          {withOptions(echo4("odd")), "4500001f1234000040017c6ec0000201c6336407" + "00001a60123400076f6464"},
		"extension header": {withExtension(echo6("odd")), "60000000000b3a4020010db800010000000000000000000120010db8000000000000000000000007" + "81003d9f123400076f6464"},
		"type of service":  {withClass(echo4("odd"), 0xbb), "45bb001f1234000040017bb3c0000201c6336407" + "00001a60123400076f6464"},
		"traffic class":    {withClass(echo6("odd"), 0xbb), "6bb00000000b3a4020010db800010000000000000000000120010db8000000000000000000000007" + "81003d9f123400076f6464"},
		"a code":           {withCode(echo4("odd"), 5), "4500001f1234000040017c6ec0000201c6336407" + "00051a5b123400076f6464"},
		"a code, IPv6":     {withCode(echo6("odd"), 5), "60000000000b3a4020010db800010000000000000000000120010db8000000000000000000000007" + "81053d9a123400076f6464"},
	}
}

func TestReplyRepliesAsLinuxDoes(t *testing.T) {
	for name, tt := range replies() {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.request)
			wantReply(t, p, proto, tt.frame(t))
			if !ChecksumOK(p) {
				t.Error("ChecksumOK() = false of the reply")
			}
		})
	}
}

// wantReply looks that Reply makes p into want, but for the MAC addresses.
func wantReply(t *testing.T, p *packet.Packet, proto lvs.Protocol, want []byte) {
	t.Helper()
	if !Reply(p, proto) {
		t.Errorf("Reply() = false of %x", p.Bytes())
	}
	got := packettest.MACs(p.Bytes(), packettest.DirectorMAC(), packettest.ClientMAC())
	if !bytes.Equal(got, want) {
		t.Errorf("wrong frame\n got %x\nwant %x", got, want)
	}
	_, l3, _ := header.Network(want)
	l4 := len(want) - len(packettest.Transport(want))
	if int(p.L3) != l3 || int(p.L4) != l4 {
		t.Errorf("L3 %d, L4 %d, want %d, %d", p.L3, p.L4, l3, l4)
	}
}

func TestReplyKeepsTags(t *testing.T) {
	for _, name := range []string{"options", "extension header"} {
		r := replies()[name]
		for _, ids := range [][]uint16{{100}, {200, 100}} {
			p, proto := mustParse(t, packettest.VLAN(r.request, ids...))
			wantReply(t, p, proto, packettest.VLAN(r.frame(t), ids...))
		}
	}
}

// TestReplyOfNothingButZeros has the one reply whose checksum field must not be 0.
// Linux 6.18 sends 0 there, so it is not among replies.
func TestReplyOfNothingButZeros(t *testing.T) {
	p, proto := mustParse(t, packettest.ICMP("198.51.100.7", "192.0.2.1", header.ICMPEcho, 0, 0, "\x00\x00\x00"))
	if !Reply(p, proto) || !ChecksumOK(p) {
		t.Errorf("reply is %x", p.Bytes())
	}
}

// TestReplyLeavesChecksumsAsTheyAre has a request with a wrong checksum, whose
// reply is as wrong, and one whose checksum has yet to be finished.
func TestReplyLeavesChecksumsAsTheyAre(t *testing.T) {
	for name, r := range replies() {
		t.Run(name, func(t *testing.T) {
			damaged := slices.Clone(r.request)
			damaged[len(damaged)-1] ^= 1
			p, proto := mustParse(t, damaged)
			if ok := Reply(p, proto); !ok || ChecksumOK(p) {
				t.Errorf("Reply() = %t, ChecksumOK() = %t of a damaged request", ok, ChecksumOK(p))
			}
			p, proto = mustParse(t, packettest.Unfinished(r.request))
			p.Sum = packettest.Partial(r.request)
			want := packettest.Unfinished(r.frame(t))
			wantReply(t, p, proto, want)
			if p.Sum != packettest.Partial(want) {
				t.Errorf("Sum %+v, want %+v", p.Sum, packettest.Partial(want))
			}
		})
	}
}

func TestReplyIsForEchoRequestsOnly(t *testing.T) {
	query4, query6 := queries("who is there")
	icmp4 := func(typ uint8) []byte { return packettest.ICMP("198.51.100.7", "192.0.2.1", typ, 0, 0, "data") }
	icmp6 := func(typ uint8) []byte { return packettest.ICMP("2001:db8::7", "2001:db8:1::1", typ, 0, 0, "data") }
	tests := map[string][]byte{
		"echo reply":                icmp4(header.ICMPEchoReply),
		"echo reply, IPv6":          icmp6(header.ICMPv6EchoReply),
		"timestamp":                 icmp4(13),
		"neighbour solicitation":    icmp6(header.ICMPv6NeighborSolicitation),
		"IPv6's type over IPv4":     icmp4(header.ICMPv6EchoRequest),
		"IPv4's type over IPv6":     icmp6(header.ICMPEcho),
		"error":                     unreachable(query4),
		"error, IPv6":               unreachable(query6),
		"UDP":                       query4,
		"UDP over IPv6":             query6,
		"half a header":             packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoICMP, []byte{8, 0, 0, 0}),
		"half a header, IPv6":       packettest.IP("2001:db8::7", "2001:db8:1::1", header.ProtoICMPv6, []byte{128}),
		"ICMPv6's number over IPv4": packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoICMPv6, []byte{128, 0, 0, 0, 0, 0, 0, 0}),
		"ICMP's number over IPv6":   packettest.IP("2001:db8::7", "2001:db8:1::1", header.ProtoICMP, []byte{8, 0, 0, 0, 0, 0, 0, 0}),
	}
	for name, frame := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, frame)
			if Reply(p, proto) {
				t.Error("Reply() = true")
			}
			wantFrame(t, p, frame)
		})
	}
	p, proto := mustParse(t, echo4(""))
	if p.L4 = 0; Reply(p, proto) {
		t.Error("Reply() = true of a later fragment")
	}
}

func TestReplyDoesNotAllocate(t *testing.T) {
	for name, tt := range replies() {
		p, proto := mustParse(t, tt.request)
		chunk, l3, l4 := make([]byte, 2048), p.L3, p.L4
		n := testing.AllocsPerRun(20, func() {
			p.Reset(chunk, packet.Headroom, copy(chunk[packet.Headroom:], tt.request))
			p.L3, p.L4 = l3, l4
			if !Reply(p, proto) {
				t.Fatal("no reply made")
			}
		})
		if n != 0 {
			t.Errorf("%s: Reply allocates %v times, want 0", name, n)
		}
	}
}

// FuzzReply looks that the reply to whatever a worker can parse is a packet, with
// a checksum that is right if it was, and gets no reply itself.
func FuzzReply(f *testing.F) {
	for _, r := range replies() {
		f.Add(r.request)
		f.Add(packettest.VLAN(r.request, 200, 100))
	}
	f.Add(packettest.ICMP("198.51.100.7", "192.0.2.1", header.ICMPEcho, 0, 0, ""))
	f.Fuzz(func(t *testing.T, frame []byte) {
		p, proto, ok := parse(frame)
		if !ok || proto != lvs.ICMP && proto != lvs.ICMPv6 {
			t.Skip()
		}
		right := ChecksumOK(p)
		if !Reply(p, proto) {
			return
		}
		again, _, ok := parse(p.Bytes())
		if !ok || again.L3 != p.L3 || again.L4 != p.L4 || again.Len() != p.Len() || Reply(again, proto) {
			t.Fatalf("reply to %x is %x", frame, p.Bytes())
		}
		if right && !ChecksumOK(p) {
			t.Fatalf("checksum of the reply to %x is wrong: %x", frame, p.Bytes())
		}
	})
}
