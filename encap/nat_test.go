package encap

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A build makes a frame from one endpoint to another.
type build func(src, dst string) []byte

// builds are the kinds of packet that masquerading rewrites, in each family.
func builds() map[string]build {
	long := strings.Repeat("payload", 200)
	return map[string]build{
		"TCP SYN":          tcp(header.FlagSYN, ""),
		"TCP odd payload":  tcp(header.FlagPSH|header.FlagACK, "GET /"),
		"TCP long payload": tcp(header.FlagACK, long),
		"UDP empty":        udp(""),
		"UDP odd payload":  udp("odd"),
		"UDP long payload": udp(long),
		"tagged":           func(s, d string) []byte { return packettest.VLAN(udp("odd")(s, d), 100) },
		"tagged twice":     func(s, d string) []byte { return packettest.VLAN(udp("odd")(s, d), 200, 100) },
		"UDP ends early":   endsEarly,
	}
}

func tcp(flags header.TCPFlags, payload string) build {
	return func(s, d string) []byte { return packettest.TCP(s, d, flags, payload) }
}

func udp(payload string) build {
	return func(s, d string) []byte { return packettest.UDP(s, d, payload) }
}

// endsEarly builds a UDP datagram that ends five bytes before its IP packet.
func endsEarly(src, dst string) []byte {
	whole := packettest.UDP(src, dst, "payload")
	f := packettest.UDP(src, dst, "payload+more")
	copy(packettest.Transport(f), packettest.Transport(whole))
	return f
}

func TestNAT(t *testing.T) {
	all := builds()
	for name, b := range all {
		t.Run(name+" over IPv4", func(t *testing.T) { testBothWays(t, b, client4, virtual4, real4) })
		t.Run(name+" over IPv6", func(t *testing.T) { testBothWays(t, b, client6, virtual6, real6) })
	}
	t.Run("IPv4 options", func(t *testing.T) {
		b := func(s, d string) []byte { return withOptions(all["TCP odd payload"](s, d)) }
		testBothWays(t, b, client4, virtual4, real4)
	})
	t.Run("IPv6 extension header", func(t *testing.T) {
		b := func(s, d string) []byte { return withExtension(all["TCP odd payload"](s, d)) }
		testBothWays(t, b, client6, virtual6, real6)
	})
}

// testBothWays holds a request and a reply against what b builds for the
// addresses that they must have afterwards.
func testBothWays(t *testing.T, b build, client, virtual, server string) {
	p, proto := mustParse(t, b(client, virtual))
	addr, port := endpoint(server)
	NATRequest(p, proto, addr, port)
	wantFrame(t, p, packettest.TTL(b(client, server), 63))

	p, proto = mustParse(t, b(server, client))
	addr, port = endpoint(virtual)
	NATReply(p, proto, addr, port)
	wantFrame(t, p, packettest.TTL(b(virtual, client), 63))
}

func TestNATLeavesUnfinishedChecksumsUnfinished(t *testing.T) {
	for name, b := range builds() {
		if name == "UDP ends early" {
			continue // no device would finish it right
		}
		t.Run(name, func(t *testing.T) {
			for _, e := range [][3]string{{client4, virtual4, real4}, {client6, virtual6, real6}} {
				in := packettest.Unfinished(b(e[0], e[1]))
				p, proto := mustParse(t, in)
				p.Sum = packettest.Partial(in)
				addr, port := endpoint(e[2])
				NATRequest(p, proto, addr, port)
				want := packettest.TTL(b(e[0], e[2]), 63)
				wantFrame(t, p, packettest.Unfinished(want))
				wantFrame(t, packettest.Frame(packettest.Finish(p.Bytes())), want)
				if p.Sum != packettest.Partial(in) {
					t.Errorf("Sum = %+v, want %+v", p.Sum, packettest.Partial(in))
				}
			}
		})
	}
}

// withoutChecksum has b's UDP datagrams say that they have none.
func withoutChecksum(b build) build {
	return func(s, d string) []byte {
		f := b(s, d)
		header.UDP(packettest.Transport(f)).SetChecksum(0)
		return f
	}
}

func TestNATComputesAMissingUDPChecksum(t *testing.T) {
	for name, b := range map[string]build{
		"empty": udp(""), "odd": udp("odd"), "even": udp("even"), "ends early": endsEarly,
	} {
		t.Run(name, func(t *testing.T) {
			for _, e := range [][3]string{{client4, virtual4, real4}, {client6, virtual6, real6}} {
				p, proto := mustParse(t, withoutChecksum(b)(e[0], e[1]))
				addr, port := endpoint(e[2])
				NATRequest(p, proto, addr, port)
				wantFrame(t, p, packettest.TTL(b(e[0], e[2]), 63))
			}
		})
	}
}

// zeroSum builds UDP datagrams that add up to 0xffff when they go from client4
// to real4: their checksum is zero, spelled 0xffff (RFC 768).
func zeroSum(src, dst string) []byte {
	model := header.UDP(packettest.Transport(packettest.UDP(client4, real4, "\x00\x00")))
	var word [2]byte
	binary.BigEndian.PutUint16(word[:], model.Checksum())
	return packettest.UDP(src, dst, string(word[:]))
}

func TestNATSpellsAUDPChecksumOfZero(t *testing.T) {
	for name, b := range map[string]build{"updated": zeroSum, "computed": withoutChecksum(zeroSum)} {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, b(client4, virtual4))
			addr, port := endpoint(real4)
			NATRequest(p, proto, addr, port)
			wantFrame(t, p, packettest.TTL(zeroSum(client4, real4), 63))
			if sum := header.UDP(p.Bytes()[p.L4:]).Checksum(); sum != 0xffff {
				t.Errorf("checksum = %#04x, want 0xffff", sum)
			}
		})
	}
}

// TestNATOfAFirstFragment has the rest of the datagram elsewhere: an update is
// still right, and a missing checksum stays missing.
func TestNATOfAFirstFragment(t *testing.T) {
	for name, b := range map[string]build{"checksum": udp("sixteen bytes of"), "no checksum": withoutChecksum(udp("sixteen bytes of"))} {
		t.Run(name, func(t *testing.T) {
			p := packettest.Frame(packettest.Fragments(b(client4, virtual4), 16, 9)[0])
			p.L3, p.L4 = header.EthernetSize, header.EthernetSize+header.IPv4Size
			addr, port := endpoint(real4)
			NATRequest(p, lvs.UDP, addr, port)
			wantFrame(t, p, packettest.TTL(packettest.Fragments(b(client4, real4), 16, 9)[0], 63))
		})
	}
}

// TestNATWithoutTransport rewrites the addresses of what has no ports to be
// seen, and nothing behind the IP header.
func TestNATWithoutTransport(t *testing.T) {
	const gre = lvs.Protocol(header.ProtoGRE)
	data := bytes.Repeat([]byte{0xa5}, 40)
	for name, tt := range map[string]struct {
		proto lvs.Protocol
		l4    bool
	}{
		"a later fragment of TCP": {lvs.TCP, false},
		"a later fragment of UDP": {lvs.UDP, false},
		"a protocol without any":  {gre, true},
		"AH":                      {lvs.AH, true},
		"ESP":                     {lvs.ESP, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, e := range [][3]string{{client4, virtual4, real4}, {client6, virtual6, real6}} {
				ip := func(src, dst string) []byte {
					s, _ := endpoint(src)
					d, _ := endpoint(dst)
					return packettest.IP(s.String(), d.String(), header.ProtoGRE, data)
				}
				p, _ := mustParse(t, ip(e[0], e[1]))
				if !tt.l4 {
					p.L4 = 0
				}
				addr, port := endpoint(e[2])
				NATRequest(p, tt.proto, addr, port)
				wantFrame(t, p, packettest.TTL(ip(e[0], e[2]), 63))
			}
		})
	}
}

func TestForwardingDoesNotAllocate(t *testing.T) {
	missing := withoutChecksum(udp("odd"))
	for name, frame := range map[string][]byte{
		"UDP over IPv4":      packettest.UDP(client4, virtual4, "odd"),
		"TCP over IPv6":      packettest.TCP(client6, virtual6, header.FlagACK, "odd"),
		"checksum to finish": missing(client4, virtual4),
		"SCTP":               sctp("odd")(client4, virtual4),
	} {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, frame)
			addr, port := endpoint(real4)
			if p.Bytes()[p.L3]>>4 == 6 {
				addr, port = endpoint(real6)
			}
			n := testing.AllocsPerRun(100, func() {
				copy(p.Bytes(), frame)
				forward(p, proto, addr, port)
			})
			if n != 0 {
				t.Errorf("forwarding allocates %v times, want 0", n)
			}
			if got := header.Ports(p.Bytes()[p.L4:]); got.Src() != port || got.Dst() != port {
				t.Errorf("ports are %d and %d, want %d", got.Src(), got.Dst(), port)
			}
		})
	}
}

// forward is a packet's way through every function.
func forward(p *packet.Packet, proto lvs.Protocol, addr lvs.Addr, port uint16) {
	DirectRouting(p)
	NATRequest(p, proto, addr, port)
	NATReply(p, proto, addr, port)
}
