package icmp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The endpoints of these tests, in each family: a client, a virtual service and
// a real server; and a router somewhere between.
const (
	client4, virtual4, real4, router4 = "198.51.100.7:4242", "192.0.2.1:53", "203.0.113.9:5353", "203.0.113.1"
	client6, virtual6, real6, router6 = "[2001:db8::7]:4242", "[2001:db8:1::1]:53", "[2001:db8:2::9]:5353", "2001:db8:3::1"
)

// endpoint splits "192.0.2.1:53" into address and port.
func endpoint(s string) (lvs.Addr, uint16) {
	a := netip.MustParseAddrPort(s)
	return lvs.AddrFrom(a.Addr()), a.Port()
}

func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

// queries returns a datagram from the client to the service in each family.
func queries(payload string) (query4, query6 []byte) {
	return packettest.UDP(client4, virtual4, payload), packettest.UDP(client6, virtual6, payload)
}

// parse makes a packet of frame whose headers have been found, as a worker does
// before it calls this package. It reports false for what a worker would not
// look at: unreadable frames and fragments.
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
	return p, proto, true
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

func TestNothingAllocates(t *testing.T) {
	query4, query6 := queries("who is there")
	for name, tt := range map[string]struct {
		frame  []byte
		router string
	}{"IPv4": {query4, router4}, "IPv6": {query6, router6}} {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.frame)
			chunk, src, l := make([]byte, 2048), addr(tt.router), new(Limiter)
			l3, l4 := p.L3, p.L4
			n := testing.AllocsPerRun(40, func() {
				copy(chunk[packet.Headroom:], tt.frame)
				p.Reset(chunk, packet.Headroom, len(tt.frame))
				p.L3, p.L4 = l3, l4
				if !Answerable(p, proto) || !l.Allow(0) || !Make(p, TooBig, src, 1400) {
					t.Fatal("no error made")
				}
				translate(t, p, src)
			})
			if n != 0 {
				t.Errorf("an error allocates %v times, want 0", n)
			}
		})
	}
}

// translate takes the error in p through the other half of the package.
func translate(t *testing.T, p *packet.Packet, a lvs.Addr) {
	proto := lvs.ICMPv6
	if a.Is4() {
		proto = lvs.ICMP
	}
	q, ok := Related(p, proto)
	if !ok || !ChecksumOK(p) {
		t.Fatal("no error that can be translated")
	}
	ToReal(p, &q, a, 1)
	ToClient(p, &q, a, 1)
}
