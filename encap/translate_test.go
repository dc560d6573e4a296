package encap

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// crossings are the connections between the families.
func crossings() map[string]path {
	return map[string]path{
		"IPv4 to IPv6": {client4, virtual4, local6, real6},
		"IPv6 to IPv4": {client6, virtual6, local4, real4},
	}
}

// pinned returns a copy of frame that looks as if built, if it is IPv4: without
// the identification that Translate has made up, and not to be fragmented.
func pinned(t testing.TB, frame []byte) []byte {
	t.Helper()
	f := slices.Clone(frame)
	h, ok := header.ParseIPv4(packettest.Network(f))
	if !ok {
		return f
	}
	if h.DontFragment() != (len(h) > 1260) || h.IsFragment() || h.DontFragment() && h.ID() != 0 {
		t.Errorf("a packet of %d bytes has DF %t, identification %#04x", len(h), h.DontFragment(), h.ID())
	}
	if !h.ChecksumOK() {
		t.Error("the header checksum is wrong")
	}
	h.SetID(0)
	h.SetFragment(header.IPv4DontFragment, 0)
	h.SetChecksum(h.ComputeChecksum())
	return f
}

func TestTranslate(t *testing.T) {
	all := builds()
	all["TCP of 1260 bytes"] = tcp(header.FlagACK, strings.Repeat("x", 1220))
	all["TCP of 1261 bytes"] = tcp(header.FlagACK, strings.Repeat("x", 1221))
	all["SCTP"] = sctp("odd")
	for name, b := range all {
		for over, w := range crossings() {
			t.Run(name+", "+over, func(t *testing.T) {
				testCrossing(t, b(w.client, w.virtual), b(w.local, w.real), w.local, w.real)
				testCrossing(t, b(w.real, w.local), b(w.virtual, w.client), w.virtual, w.client)
			})
		}
	}
}

// testCrossing takes in to the other family, and looks for want there.
func testCrossing(t *testing.T, in, want []byte, from, to string) {
	t.Helper()
	p, proto := mustParse(t, in)
	if !readdress(p, proto, from, to) {
		t.Fatal("Translate() = false")
	}
	known, _ := mustParse(t, want)
	if p.L3 != known.L3 || p.L4 != known.L4 {
		t.Errorf("L3, L4 = %d, %d, want %d, %d", p.L3, p.L4, known.L3, known.L4)
	}
	wantFrame(t, packettest.Frame(pinned(t, p.Bytes())), packettest.TTL(want, 63))
}

func TestTranslateSaysWhichFamilysSegments(t *testing.T) {
	for name, tt := range map[string]struct {
		in   []byte
		kind packet.GSOKind
		w    path
		want packet.GSOKind
	}{
		"TCP to IPv6": {tcp(0, "four")(client4, virtual4), packet.GSOTCP4, crossings()["IPv4 to IPv6"], packet.GSOTCP6},
		"TCP to IPv4": {tcp(0, "four")(client6, virtual6), packet.GSOTCP6, crossings()["IPv6 to IPv4"], packet.GSOTCP4},
		"UDP to IPv6": {udp("four")(client4, virtual4), packet.GSOUDP, crossings()["IPv4 to IPv6"], packet.GSOUDP},
		"none":        {tcp(0, "four")(client4, virtual4), packet.GSONone, crossings()["IPv4 to IPv6"], packet.GSONone},
	} {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.in)
			p.GSO = packet.GSO{Kind: tt.kind, Size: 2}
			if want := (packet.GSO{Kind: tt.want, Size: 2}); !readdress(p, proto, tt.w.local, tt.w.real) || p.GSO != want {
				t.Errorf("Translate leaves %+v, want %+v", p.GSO, want)
			}
		})
	}
}

func TestTranslateComputesAMissingUDPChecksum(t *testing.T) {
	for name, b := range map[string]build{"empty": udp(""), "odd": udp("odd"), "ends early": endsEarly} {
		for over, w := range crossings() {
			t.Run(name+", "+over, func(t *testing.T) {
				testCrossing(t, withoutChecksum(b)(w.client, w.virtual), b(w.local, w.real), w.local, w.real)
			})
		}
	}
}

// sourceRoute returns a copy of an untagged IPv4 frame with a source route over
// one station, of which pointer says whether it is still to be gone to.
func sourceRoute(frame []byte, kind, pointer byte) []byte {
	at := header.EthernetSize + header.IPv4Size
	f := slices.Insert(slices.Clone(frame), at, header.OptionNone, kind, 7, pointer, 203, 0, 113, 1)
	h := header.IPv4(f[header.EthernetSize:])
	h.SetHeaderLen(header.IPv4Size + 8)
	h.SetTotalLen(len(h))
	return packettest.Finish(f)
}

// routed returns a copy of an untagged IPv6 frame with a routing header that has
// so many stations left.
func routed(frame []byte, left byte) []byte {
	f := withExtension(frame)
	h := header.IPv6(packettest.Network(f))
	h.SetNextHeader(43)
	copy(h[header.IPv6Size+2:], []byte{4, left, 0, 0, 0, 0})
	return f
}

func TestTranslateLosesWhatTheOtherFamilyDoesNotKnow(t *testing.T) {
	four, six := udp("odd")(client4, virtual4), udp("odd")(client6, virtual6)
	full := slices.Insert(slices.Clone(four), header.EthernetSize+header.IPv4Size, make([]byte, 40)...)
	h := header.IPv4(full[header.EthernetSize:])
	h.SetHeaderLen(60)
	h.SetTotalLen(len(h))
	for name, in := range map[string][]byte{
		"options":                     withOptions(four),
		"as many options as fit":      packettest.Finish(full),
		"a loose route at its end":    sourceRoute(four, header.OptionLSRR, 8),
		"a strict route at its end":   sourceRoute(four, header.OptionSSRR, 8),
		"an extension header":         withExtension(six),
		"two extension headers":       withExtension(withExtension(six)),
		"a routing header at its end": routed(six, 0),
	} {
		t.Run(name, func(t *testing.T) {
			w := crossings()["IPv4 to IPv6"]
			if in[header.EthernetSize]>>4 == 6 {
				w = crossings()["IPv6 to IPv4"]
			}
			testCrossing(t, in, udp("odd")(w.local, w.real), w.local, w.real)
		})
	}
}

func TestTranslateRefuses(t *testing.T) {
	four, six := udp("sixteen bytes of")(client4, virtual4), udp("sixteen bytes of")(client6, virtual6)
	long := strings.Repeat("x", math.MaxUint16-header.IPv4Size-header.TCPSize+1)
	for name, in := range map[string][]byte{
		"a first fragment of IPv4":         packettest.Fragments(four, 16, 9)[0],
		"a last fragment of IPv4":          packettest.Fragments(four, 16, 9)[1],
		"a first fragment of IPv6":         packettest.Fragments(six, 16, 9)[0],
		"a last fragment of IPv6":          packettest.Fragments(six, 16, 9)[1],
		"a loose route to be gone":         sourceRoute(four, header.OptionLSRR, 4),
		"a strict route to be gone":        sourceRoute(four, header.OptionSSRR, 7),
		"a routing header to be gone":      routed(six, 1),
		"one byte too long for IPv4":       tcp(header.FlagACK, long)(client6, virtual6),
		"ICMP":                             packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 1, "ping"),
		"ICMPv6":                           packettest.ICMP("2001:db8::7", "2001:db8:1::1", 128, 0, 1, "ping"),
		"AH":                               packettest.AH("198.51.100.7", "192.0.2.1", header.ProtoUDP, 1, "odd"),
		"a protocol that nobody schedules": packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoGRE, make([]byte, 40)),
	} {
		t.Run(name, func(t *testing.T) {
			p := unchecked(in)
			refuses(t, p, func() bool { return crossOver(p) })
			p.L4 = 0
			refuses(t, p, func() bool { return crossOver(p) })
		})
	}
	t.Run("one byte too little headroom", func(t *testing.T) {
		p, _ := mustParse(t, four)
		p.Reset(append(make([]byte, FamilyOverhead-1), four...), FamilyOverhead-1, len(four))
		p.L3, p.L4 = header.EthernetSize, header.EthernetSize+header.IPv4Size
		refuses(t, p, func() bool { return crossOver(p) })
	})
}

// unchecked makes a packet of an untagged frame, which may be a fragment, with its
// headers.
func unchecked(frame []byte) *packet.Packet {
	p := packettest.Frame(frame)
	p.L3 = header.EthernetSize
	p.L4 = uint16(len(frame) - len(packettest.Transport(frame)))
	return p
}

// crossOver translates p, whatever it is, to the other family.
func crossOver(p *packet.Packet) bool {
	w, proto := crossings()["IPv4 to IPv6"], protoOf(p)
	if p.Bytes()[p.L3]>>4 == 6 {
		w = crossings()["IPv6 to IPv4"]
	}
	return readdress(p, proto, w.local, w.real)
}

// TestTranslateThereAndBack also takes what is not finished: errors would add up.
func TestTranslateThereAndBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		six := rapid.Bool().Draw(rt, "IPv6")
		var e [6]string
		for i, name := range []string{"client", "virtual", "local", "real", "back", "home"} {
			e[i] = drawEndpoint(rt, six == (i < 2 || i > 3), name).String()
		}
		b := drawFrame(rt)
		in, there, back := b(e[0], e[1]), packettest.TTL(b(e[2], e[3]), 63), packettest.TTL(b(e[4], e[5]), 62)
		sum := packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, there, back, sum = packettest.Unfinished(in), packettest.Unfinished(there), packettest.Unfinished(back), packettest.Partial(in)
		}
		p, proto, _ := parse(in)
		p.Sum = sum
		if !readdress(p, proto, e[2], e[3]) || !bytes.Equal(pinned(t, p.Bytes()), there) {
			rt.Fatalf("there is %x, want %x", p.Bytes(), there)
		}
		if sum != (packet.Partial{}) && p.Sum != packettest.Partial(there) {
			rt.Fatalf("Sum = %+v, want %+v", p.Sum, packettest.Partial(there))
		}
		if !readdress(p, proto, e[4], e[5]) || !bytes.Equal(pinned(t, p.Bytes()), back) || p.Sum != sum {
			rt.Fatalf("back is %x, %+v, want %x, %+v", p.Bytes(), p.Sum, back, sum)
		}
	})
}

func BenchmarkTranslate(b *testing.B) {
	for name, frame := range map[string][]byte{
		"TCP": packettest.TCP(client4, virtual4, header.FlagACK, ""),
		"UDP": packettest.UDP(client4, virtual4, "who is there"),
	} {
		b.Run(name+", there and back", func(b *testing.B) {
			p, proto := mustParse(b, frame)
			src4, srcPort := endpoint(client4)
			dst4, dstPort := endpoint(virtual4)
			src6, _ := endpoint(local6)
			dst6, _ := endpoint(real6)
			b.ReportAllocs()
			b.SetBytes(int64(p.Len()))
			for b.Loop() {
				if !Translate(p, proto, src6, srcPort, dst6, dstPort) || !Translate(p, proto, src4, srcPort, dst4, dstPort) {
					b.Fatal("Translate() = false")
				}
			}
		})
	}
}
