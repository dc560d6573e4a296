package encap

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The endpoints of these tests, in each family: a client, a virtual service and
// a real server.
const (
	client4, virtual4, real4 = "198.51.100.7:4242", "192.0.2.1:80", "203.0.113.9:8080"
	client6, virtual6, real6 = "[2001:db8::7]:4242", "[2001:db8:1::1]:80", "[2001:db8:2::9]:8080"
)

// endpoint splits "192.0.2.1:80" into what the functions here take.
func endpoint(s string) (lvs.Addr, uint16) {
	a := netip.MustParseAddrPort(s)
	return lvs.AddrFrom(a.Addr()), a.Port()
}

// parse makes a packet of frame whose headers have been found, as a worker does
// before it calls this package. It reports false for what a worker would not
// forward: unreadable frames and fragments.
func parse(frame []byte) (p *packet.Packet, proto lvs.Protocol, ok bool) {
	p = packettest.Frame(frame)
	_, l3, ok := header.Network(frame)
	if !ok {
		return p, 0, false
	}
	end, l4 := 0, 0
	if h, ok := header.ParseIPv4(frame[l3:]); ok && h.ChecksumOK() && !h.IsFragment() {
		end, l4, proto = len(h), h.HeaderLen(), lvs.Protocol(h.Proto())
	} else if h, ok := header.ParseIPv6(frame[l3:]); ok {
		t, ok := h.Transport()
		if !ok || t.MoreFragments || t.FragmentOffset != 0 {
			return p, 0, false
		}
		end, l4, proto = len(h), t.Offset, lvs.Protocol(t.Proto)
	} else {
		return p, 0, false
	}
	p.Truncate(l3 + end)
	p.L3, p.L4 = uint16(l3), uint16(l3+l4)
	switch b := p.Bytes()[p.L4:]; proto {
	case lvs.TCP:
		_, ok = header.ParseTCP(b)
	case lvs.UDP:
		_, ok = header.ParseUDP(b)
	case lvs.SCTP:
		_, ok = header.ParseSCTP(b)
	}
	return p, proto, ok
}

// mustParse is parse for a frame that is known to be good.
func mustParse(t testing.TB, frame []byte) (*packet.Packet, lvs.Protocol) {
	t.Helper()
	p, proto, ok := parse(frame)
	if !ok {
		t.Fatalf("cannot parse %x", frame)
	}
	return p, proto
}

// wantFrame compares the frame in p with want.
func wantFrame(t testing.TB, p *packet.Packet, want []byte) {
	t.Helper()
	if !bytes.Equal(p.Bytes(), want) {
		t.Errorf("wrong frame\n got %x\nwant %x", p.Bytes(), want)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withOptions returns a copy of an untagged IPv4 frame with eight bytes of
// options: a router alert (RFC 2113) and four times no operation.
func withOptions(frame []byte) []byte {
	at := header.EthernetSize + header.IPv4Size
	f := slices.Insert(slices.Clone(frame), at, 0x94, 4, 0, 0, 1, 1, 1, 1)
	h := header.IPv4(f[header.EthernetSize:])
	h.SetHeaderLen(header.IPv4Size + 8)
	h.SetTotalLen(len(h))
	return packettest.Finish(f)
}

// withExtension returns a copy of an untagged IPv6 frame with a hop-by-hop
// header that is all padding (RFC 8200, section 4.2).
func withExtension(frame []byte) []byte {
	h := header.IPv6(packettest.Network(frame))
	at := header.EthernetSize + header.IPv6Size
	f := slices.Insert(slices.Clone(frame), at, h.NextHeader(), 0, 1, 4, 0, 0, 0, 0)
	h = header.IPv6(packettest.Network(f))
	h.SetNextHeader(0)
	h.SetPayloadLen(len(h) - header.IPv6Size)
	return f
}

func TestTTL(t *testing.T) {
	frames := map[string][]byte{
		"IPv4":         packettest.UDP(client4, virtual4, "who is there"),
		"IPv6":         packettest.UDP(client6, virtual6, "who is there"),
		"tagged twice": packettest.VLAN(packettest.UDP(client4, virtual4, ""), 200, 100),
		"options":      withOptions(packettest.UDP(client4, virtual4, "")),
		"extension":    withExtension(packettest.UDP(client6, virtual6, "")),
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			for _, ttl := range []uint8{255, 64, 2, 1} {
				p, _ := mustParse(t, packettest.TTL(frame, ttl))
				if got := TTL(p); got != ttl {
					t.Errorf("TTL() = %d, want %d", got, ttl)
				}
				DecrementTTL(p)
				wantFrame(t, p, packettest.TTL(frame, ttl-1))
			}
		})
	}
}

func TestDirectRouting(t *testing.T) {
	frames := map[string][]byte{
		"TCP over IPv4":  packettest.TCP(client4, virtual4, header.FlagSYN, ""),
		"TCP over IPv6":  packettest.TCP(client6, virtual6, header.FlagSYN, ""),
		"UDP over IPv4":  packettest.UDP(client4, virtual4, "odd"),
		"UDP over IPv6":  packettest.UDP(client6, virtual6, "odd"),
		"unfinished sum": packettest.Unfinished(packettest.UDP(client4, virtual4, "odd")),
		"tagged":         packettest.VLAN(packettest.UDP(client4, virtual4, "odd"), 100),
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, frame)
			DirectRouting(p)
			wantFrame(t, p, packettest.TTL(frame, 63))
		})
	}
}

// TestScapyDirectRouting has scapy 2.5.0's packet before and after one hop:
//
//	e/IP(src=C4, dst=V4, id=0, flags='DF', ttl=64)/UDP(sport=4242, dport=53)/'who is there'
//	e/IPv6(src=C6, dst=V6, hlim=64)/UDP(sport=4242, dport=53)/'who is there'
func TestScapyDirectRouting(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"IPv4": {
			"0200000000020200000000010800450000280000400040114e89c6336407c0000201109200350014b78777686f206973207468657265",
			"02000000000202000000000108004500002800004000" + "3f114f89" + "c6336407c0000201109200350014b78777686f206973207468657265",
		},
		"IPv6": {
			"02000000000202000000000186dd60000000001411" + "40" + "20010db800000000000000000000000720010db8000100000000000000000001109200350014484977686f206973207468657265",
			"02000000000202000000000186dd60000000001411" + "3f" + "20010db800000000000000000000000720010db8000100000000000000000001109200350014484977686f206973207468657265",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, unhex(t, tt.in))
			DirectRouting(p)
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}
