package reset

import (
	"bytes"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// The endpoints of these tests, in each family.
const (
	client4, virtual4 = "198.51.100.7:4242", "192.0.2.1:80"
	client6, virtual6 = "[2001:db8::7]:4242", "[2001:db8:1::1]:80"
)

// parse makes a packet of frame whose headers have been found, as a worker does
// before it calls this package. It reports false for what a worker would not
// answer: unreadable frames, fragments and other protocols.
func parse(frame []byte) (p *packet.Packet, ok bool) {
	p = packettest.Frame(frame)
	_, l3, ok := header.Network(frame)
	if !ok {
		return p, false
	}
	end, l4 := 0, 0
	if h, ok := header.ParseIPv4(frame[l3:]); ok && !h.IsFragment() && h.Proto() == header.ProtoTCP {
		end, l4 = len(h), h.HeaderLen()
	} else if h, ok := header.ParseIPv6(frame[l3:]); ok {
		t, ok := h.Transport()
		if !ok || t.MoreFragments || t.FragmentOffset != 0 || t.Proto != header.ProtoTCP {
			return p, false
		}
		end, l4 = len(h), t.Offset
	} else {
		return p, false
	}
	p.Truncate(l3 + end)
	p.L3, p.L4 = uint16(l3), uint16(l3+l4)
	return p, true
}

func mustParse(t testing.TB, frame []byte) *packet.Packet {
	t.Helper()
	p, ok := parse(frame)
	if !ok {
		t.Fatalf("cannot parse %x", frame)
	}
	return p
}

// tcp4 and tcp6 return a segment to a port in each family, with numbers that
// tell one field from the other.
func tcp4(flags header.TCPFlags, payload string) []byte {
	return distinct(packettest.TCP(client4, virtual4, flags, payload))
}

func tcp6(flags header.TCPFlags, payload string) []byte {
	return distinct(packettest.TCP(client6, virtual6, flags, payload))
}

func distinct(frame []byte) []byte {
	if h, ok := header.ParseIPv4(packettest.Network(frame)); ok {
		h.SetID(0x1234)
		h.SetFragment(0, 0)
	}
	s := header.TCP(packettest.Transport(frame))
	s.SetSeq(0xfffffffe)
	s.SetAck(0x01020304)
	return packettest.TTL(packettest.Finish(frame), 7)
}

// grown returns a copy of frame with b inserted at offset at; its IP packet
// knows that it is longer.
func grown(frame []byte, at int, b ...byte) []byte {
	frame = slices.Insert(slices.Clone(frame), at, b...)
	if ip := packettest.Network(frame); ip[0]>>4 == 4 {
		header.IPv4(ip).SetTotalLen(len(ip))
	} else {
		header.IPv6(ip).SetPayloadLen(len(ip) - header.IPv6Size)
	}
	return frame
}

// withOptions returns a copy of an IPv4 frame with four bytes of options.
func withOptions(frame []byte) []byte {
	frame = grown(frame, header.EthernetSize+header.IPv4Size, 1, 1, 1, 1)
	header.IPv4(packettest.Network(frame)).SetHeaderLen(header.IPv4Size + 4)
	return packettest.Finish(frame)
}

// withExtension returns a copy of an IPv6 frame with a hop-by-hop header that is
// all padding (RFC 8200, section 4.2).
func withExtension(frame []byte) []byte {
	frame = grown(frame, header.EthernetSize+header.IPv6Size, header.ProtoTCP, 0, 1, 4, 0, 0, 0, 0)
	header.IPv6(packettest.Network(frame)).SetNextHeader(0)
	return frame
}

// withMSS returns a copy of a TCP frame with the option that says how long
// segments may be.
func withMSS(frame []byte) []byte {
	at := len(frame) - len(packettest.Transport(frame)) + header.TCPSize
	frame = grown(frame, at, 2, 4, 5, 0xb4)
	header.TCP(packettest.Transport(frame)).SetDataOffset(header.TCPSize + 4)
	return packettest.Finish(frame)
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

func TestMakeMakesWhatLinuxDoes(t *testing.T) {
	for name, tt := range answers() {
		t.Run(name, func(t *testing.T) {
			p := mustParse(t, tt.segment)
			ok := Make(p)
			wantReset(t, p, ok, tt.frame(t))
		})
	}
}

// wantReset looks that p became the reset want, but for its MAC addresses, and
// that nothing about it is left to be done.
func wantReset(t *testing.T, p *packet.Packet, ok bool, want []byte) {
	t.Helper()
	got := packettest.MACs(p.Bytes(), packettest.DirectorMAC(), packettest.ClientMAC())
	if !ok || !bytes.Equal(got, want) {
		t.Errorf("Make() = %t\n got %x\nwant %x", ok, got, want)
	}
	if int(p.L4) != p.Len()-header.TCPSize || p.Sum != (packet.Partial{}) || p.GSO != (packet.GSO{}) {
		t.Errorf("L4 %d of %d, Sum %+v, GSO %+v", p.L4, p.Len(), p.Sum, p.GSO)
	}
}

func TestMakeLeavesAloneWhatGetsNoAnswer(t *testing.T) {
	for name, frame := range unanswered() {
		t.Run(name, func(t *testing.T) {
			p := mustParse(t, frame)
			before := *p
			if Make(p) || !bytes.Equal(p.Bytes(), frame) || p.L3 != before.L3 || p.L4 != before.L4 {
				t.Errorf("Make leaves %+v with %x, want %x", p, p.Bytes(), frame)
			}
		})
	}
	p := mustParse(t, tcp4(header.FlagSYN, ""))
	if p.L4 = 0; Make(p) {
		t.Error("Make() = true without a transport header")
	}
}

func TestMakeKeepsTags(t *testing.T) {
	for _, name := range []string{"IPv4 options", "extension header"} {
		for _, ids := range [][]uint16{{100}, {200, 100}} {
			a := answers()[name]
			p := mustParse(t, packettest.VLAN(a.segment, ids...))
			ok := Make(p)
			wantReset(t, p, ok, packettest.VLAN(a.frame(t), ids...))
		}
	}
}

// TestMakeAnswersSuperFrames has segments whose checksum is left to a device,
// which may be many in one.
func TestMakeAnswersSuperFrames(t *testing.T) {
	for _, name := range []string{"data with a SYN and a FIN", "data and no flag at all"} {
		a := answers()[name]
		p := mustParse(t, packettest.Unfinished(a.segment))
		p.Sum, p.GSO = packettest.Partial(a.segment), packet.GSO{Kind: packet.GSOTCP6, Size: 2}
		ok := Make(p)
		wantReset(t, p, ok, a.frame(t))
	}
}

func TestMakeDoesNotAllocate(t *testing.T) {
	for name, tt := range answers() {
		p, chunk := mustParse(t, tt.segment), make([]byte, 2048)
		l3, l4 := p.L3, p.L4
		n := testing.AllocsPerRun(20, func() {
			p.Reset(chunk, packet.Headroom, copy(chunk[packet.Headroom:], tt.segment))
			p.L3, p.L4 = l3, l4
			if !Make(p) {
				t.Fatal("no reset made")
			}
		})
		if n != 0 {
			t.Errorf("%s: Make allocates %v times, want 0", name, n)
		}
	}
}

// FuzzMake looks that whatever a worker can parse gets a reset with right
// checksums, which gets none itself.
func FuzzMake(f *testing.F) {
	for _, a := range answers() {
		f.Add(a.segment, false)
		f.Add(packettest.VLAN(packettest.Unfinished(a.segment), 200, 100), true)
	}
	for _, frame := range unanswered() {
		f.Add(frame, false)
	}
	f.Fuzz(func(t *testing.T, frame []byte, unfinished bool) {
		p, ok := parse(frame)
		if !ok {
			t.Skip()
		}
		if unfinished {
			p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + header.TCPChecksumOffset}
		}
		if !Make(p) {
			return
		}
		again, ok := parse(p.Bytes())
		if !ok || again.L3 != p.L3 || again.L4 != p.L4 || again.Len() != p.Len() || p.Len() > len(frame) {
			t.Fatalf("reset of %x is %x", frame, p.Bytes())
		}
		if !bytes.Equal(packettest.Finish(p.Bytes()), p.Bytes()) || Make(again) {
			t.Fatalf("reset of %x is wrong, or answered: %x", frame, p.Bytes())
		}
	})
}
