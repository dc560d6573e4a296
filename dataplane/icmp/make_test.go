package icmp

import (
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestMakeMakesWhatScapyDoes has errors made by scapy 2.5.0, with the
// expression in each row, after
//
//	from scapy.all import *
//	C4, V4, C6, V6 = '198.51.100.7', '192.0.2.1', '2001:db8::7', '2001:db8:1::1'
//	e = Ether(src='02:00:00:00:00:01', dst='02:00:00:00:00:02')
//	udp = UDP(sport=4242, dport=53)/'who is there'
//	q4, q6 = IP(src=C4, dst=V4, id=0x1234, flags='DF', tos=0xb9)/udp, IPv6(src=C6, dst=V6)/udp
//	o4, o6 = IP(src=V4, dst=C4, id=0x1234, tos=0xd8), IPv6(src=V6, dst=C6, hlim=64)
func TestMakeMakesWhatScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		outer4 = ether4 + "45d800441234000040017b71c0000201c6336407"
		query4 = "45b900281234400040113b9cc6336407c0000201109200350014b78777686f206973207468657265"
		ether6 = "02000000000202000000000186dd"
		outer6 = ether6 + "6000000000443a4020010db800010000000000000000000120010db8000000000000000000000007"
		query6 = "600000000014114020010db800000000000000000000000720010db8000100000000000000000001" +
			"109200350014484977686f206973207468657265"
	)
	tests := map[string]struct {
		kind         Kind
		icmp4, icmp6 string // ICMP headers
	}{
		"time exceeded": {
			TimeExceeded,
			"0b00e161" + "00000000", // e/o4/ICMP(type=11, code=0)/q4
			"03002fd7" + "00000000", // e/o6/ICMPv6TimeExceeded(code=0)/q6
		},
		"too big": {
			TooBig,
			"0304e3e5" + "00000578", // e/o4/ICMP(type=3, code=4, nexthopmtu=1400)/q4
			"02002b5f" + "00000578", // e/o6/ICMPv6PacketTooBig(mtu=1400)/q6
		},
		"host unreachable": {
			HostUnreachable,
			"0301e960" + "00000000", // e/o4/ICMP(type=3, code=1)/q4
			"010331d4" + "00000000", // e/o6/ICMPv6DestUnreach(code=3)/q6
		},
		"port unreachable": {
			PortUnreachable,
			"0303e95e" + "00000000", // e/o4/ICMP(type=3, code=3)/q4
			"010431d3" + "00000000", // e/o6/ICMPv6DestUnreach(code=4)/q6
		},
		"bad header": {
			BadHeader,
			"0c006861" + "78000000", // e/o4/ICMP(type=12, code=0, ptr=120)/q4
			"0400295f" + "00000578", // e/o6/ICMPv6ParamProblem(code=0, ptr=1400)/q6
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, unhex(t, ether4+query4))
			if !Make(p, tt.kind, addr("192.0.2.1"), 1400) {
				t.Fatal("Make() = false")
			}
			wantFrame(t, p, unhex(t, outer4+tt.icmp4+query4))
			wantOffsets(t, p, 14, 34)

			p, _ = mustParse(t, unhex(t, ether6+query6))
			if !Make(p, tt.kind, addr("2001:db8:1::1"), 1400) {
				t.Fatal("Make() = false")
			}
			wantFrame(t, p, unhex(t, outer6+tt.icmp6+query6))
			wantOffsets(t, p, 14, 54)
		})
	}
}

func wantOffsets(t *testing.T, p *packet.Packet, l3, l4 uint16) {
	t.Helper()
	if p.L3 != l3 || p.L4 != l4 || p.Sum != (packet.Partial{}) {
		t.Errorf("L3 %d, L4 %d, Sum %+v, want %d, %d, none", p.L3, p.L4, p.Sum, l3, l4)
	}
}

// TestMakeQuotesNoMoreThanItMay pretends that frames are longer and longer.
// ICMPError computes anew what they must become, and how long.
func TestMakeQuotesNoMoreThanItMay(t *testing.T) {
	const quote4, quote6 = 576 - 28, 1280 - 48
	for name, tt := range map[string]struct{ packet4, packet6, total4, total6 int }{
		"no payload":        {28, 48, 56, 96},
		"one byte less":     {quote4 - 1, quote6 - 1, 575, 1279},
		"as much as fits":   {quote4, quote6, 576, 1280},
		"one byte too many": {quote4 + 1, quote6 + 1, 576, 1280},
		"a whole MTU":       {1500, 1500, 576, 1280},
	} {
		t.Run(name, func(t *testing.T) {
			about := packettest.UDP(client4, virtual4, strings.Repeat("x", tt.packet4-28))
			p, _ := mustParse(t, about)
			ok := Make(p, HostUnreachable, addr(router4), 0)
			wantError4(t, p, packettest.ICMPError(router4, 3, 1, 0, about))
			if !ok || p.Len() != 14+tt.total4 {
				t.Errorf("Make() = %t, frame of %d bytes, want %d", ok, p.Len(), 14+tt.total4)
			}
			about = packettest.UDP(client6, virtual6, strings.Repeat("x", tt.packet6-48))
			p, _ = mustParse(t, about)
			ok = Make(p, HostUnreachable, addr(router6), 0)
			wantFrame(t, p, packettest.ICMPError(router6, 1, 3, 0, about))
			if !ok || p.Len() != 14+tt.total6 {
				t.Errorf("Make() = %t, frame of %d bytes, want %d", ok, p.Len(), 14+tt.total6)
			}
		})
	}
}

// wantError4 compares p with an error as ICMPError builds it, which may be
// fragmented no more than other packets and has no precedence.
func wantError4(t *testing.T, p *packet.Packet, want []byte) {
	t.Helper()
	h := header.IPv4(packettest.Network(want))
	h.SetFragment(0, 0)
	h.SetTOS(0xc0)
	wantFrame(t, p, packettest.Finish(want))
}

func TestMakeKeepsTags(t *testing.T) {
	query4, query6 := queries("who is there")
	for name, ids := range map[string][]uint16{"one": {100}, "two": {200, 100}} {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, packettest.VLAN(query4, ids...))
			ok4 := Make(p, PortUnreachable, addr(router4), 0)
			wantError4(t, p, packettest.VLAN(packettest.ICMPError(router4, 3, 3, 0, query4), ids...))
			l3 := uint16(header.EthernetSize + len(ids)*header.VLANSize)
			wantOffsets(t, p, l3, l3+20)

			p, _ = mustParse(t, packettest.VLAN(query6, ids...))
			ok6 := Make(p, PortUnreachable, addr(router6), 0)
			wantFrame(t, p, packettest.VLAN(packettest.ICMPError(router6, 1, 4, 0, query6), ids...))
			wantOffsets(t, p, l3, l3+40)
			if !ok4 || !ok6 {
				t.Errorf("Make() = %t, %t", ok4, ok6)
			}
		})
	}
}

func TestMakeNeedsHeadroom(t *testing.T) {
	query4, query6 := queries("who is there")
	for name, tt := range map[string]struct {
		frame []byte
		src   string
		room  int
		ok    bool
	}{
		"IPv4, enough":         {query4, router4, 28, true},
		"IPv4, one byte short": {query4, router4, 27, false},
		"IPv6, enough":         {query6, router6, 48, true},
		"IPv6, one byte short": {query6, router6, 47, false},
		"none":                 {query4, router4, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, tt.frame)
			l3, l4, sum := p.L3, p.L4, packettest.Partial(tt.frame)
			p.Reset(append(make([]byte, tt.room), tt.frame...), tt.room, len(tt.frame))
			p.L3, p.L4, p.Sum = l3, l4, sum
			before := *p
			if ok := Make(p, TimeExceeded, addr(tt.src), 0); ok != tt.ok {
				t.Fatalf("Make() = %t, want %t", ok, tt.ok)
			}
			if tt.ok {
				return
			}
			wantFrame(t, p, tt.frame)
			if p.Start() != before.Start() || p.L3 != l3 || p.L4 != l4 || p.Sum != sum {
				t.Errorf("Make leaves %+v, want %+v", p, &before)
			}
		})
	}
}

// TestMakeIsForgetful has an error about a packet with an unfinished checksum:
// that of the error is finished.
func TestMakeIsForgetful(t *testing.T) {
	query4, query6 := queries("who is there")
	for _, frame := range [][]byte{query4, query6} {
		p, _ := mustParse(t, packettest.Unfinished(frame))
		p.Sum = packettest.Partial(frame)
		src := addr(router4)
		if p.Bytes()[p.L3]>>4 == 6 {
			src = addr(router6)
		}
		if !Make(p, TimeExceeded, src, 0) || p.Sum != (packet.Partial{}) || !ChecksumOK(p) {
			t.Errorf("Make leaves %x with Sum %+v", p.Bytes(), p.Sum)
		}
	}
}
