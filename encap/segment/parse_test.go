package segment

import (
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestNewRefuses has frames that are not what their GSO says.
func TestNewRefuses(t *testing.T) {
	all := shapes()
	tests := map[string]struct {
		shape  string
		change func(p *packet.Packet)
	}{
		"not a GSO frame":               {"TCP over IPv4", func(p *packet.Packet) { p.GSO = packet.GSO{} }},
		"segments of no size":           {"TCP over IPv4", func(p *packet.Packet) { p.GSO.Size = 0 }},
		"an unknown kind":               {"UDP over IPv4", func(p *packet.Packet) { p.GSO.Kind = 9 }},
		"not parsed":                    {"TCP over IPv4", func(p *packet.Packet) { p.L3, p.L4 = 0, 0 }},
		"no transport header":           {"UDP over IPv6", func(p *packet.Packet) { p.L4 = 0 }},
		"TCP said to be UDP":            {"TCP over IPv4", func(p *packet.Packet) { p.GSO.Kind = packet.GSOUDP }},
		"UDP said to be TCP":            {"UDP over IPv4", func(p *packet.Packet) { p.GSO.Kind = packet.GSOTCP4 }},
		"UDP over IPv6 said to be TCP":  {"UDP over IPv6", func(p *packet.Packet) { p.GSO.Kind = packet.GSOTCP6 }},
		"IPv4 said to be IPv6":          {"TCP over IPv4", func(p *packet.Packet) { p.GSO.Kind = packet.GSOTCP6 }},
		"IPv6 said to be IPv4":          {"TCP over IPv6", func(p *packet.Packet) { p.GSO.Kind = packet.GSOTCP4 }},
		"neither IPv4 nor IPv6":         {"TCP over IPv4", func(p *packet.Packet) { p.Bytes()[p.L3] = 0x55 }},
		"cut short":                     {"TCP over IPv4", func(p *packet.Packet) { p.Truncate(p.Len() - 1) }},
		"cut short, IPv6":               {"TCP over IPv6", func(p *packet.Packet) { p.Truncate(p.Len() - 1) }},
		"transport elsewhere":           {"TCP over IPv4 with options", func(p *packet.Packet) { p.L4 -= 4 }},
		"transport elsewhere, IPv6":     {"TCP behind an extension header", func(p *packet.Packet) { p.L4 -= 8 }},
		"a first fragment":              {"TCP over IPv4", func(p *packet.Packet) { header.IPv4(p.Bytes()[p.L3:]).SetFragment(header.IPv4MoreFragments, 0) }},
		"a fragment header":             {"TCP behind an extension header", func(p *packet.Packet) { fragmentHeader(p) }},
		"an endless extension header":   {"TCP behind an extension header", func(p *packet.Packet) { p.Bytes()[p.L4-7] = 0xff }},
		"a TCP header below its size":   {"TCP over IPv4", func(p *packet.Packet) { header.TCP(p.Bytes()[p.L4:]).SetDataOffset(16) }},
		"a TCP header past the end":     {"TCP over IPv4", shortened(header.TCPSize + 3)},
		"no payload":                    {"TCP over IPv4", shortened(header.TCPSize)},
		"no payload, UDP":               {"UDP over IPv4", shortened(header.UDPSize)},
		"half a UDP header":             {"UDP over IPv4", shortened(4)},
		"a datagram below its packet":   {"UDP over IPv4", func(p *packet.Packet) { header.UDP(p.Bytes()[p.L4:]).SetLength(99) }},
		"another header is unfinished":  {"UDP over IPv4", func(p *packet.Packet) { p.Sum = packet.Partial{Start: 4, Field: p.L4 + 6} }},
		"another protocol's unfinished": {"UDP over IPv4", func(p *packet.Packet) { p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + 16} }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, ok := all[tt.shape]
			if !ok {
				t.Fatalf("no shape %q", tt.shape)
			}
			p := s.super(40, everyFlag, text(100)).finished(t)
			if _, ok := New(p); !ok {
				t.Fatal("New() = false before the change")
			}
			tt.change(p)
			if c, ok := New(p); ok || c.More() {
				t.Errorf("New(%+v of %x) = true", p.GSO, p.Bytes())
			}
		})
	}
}

// fragmentHeader makes the extension header of p one that says the packet is
// all of its fragments (RFC 6946).
func fragmentHeader(p *packet.Packet) {
	const fragment = 44
	header.IPv6(p.Bytes()[p.L3:]).SetNextHeader(fragment)
	copy(p.Bytes()[p.L4-6:p.L4], make([]byte, 6))
}

// shortened returns a change that leaves n bytes of an untagged IPv4 packet
// behind its header. A TCP header gets longer than that, if it is not n.
func shortened(n int) func(*packet.Packet) {
	return func(p *packet.Packet) {
		p.Truncate(int(p.L4) + n)
		h := header.IPv4(p.Bytes()[p.L3:])
		h.SetTotalLen(len(h))
		if t := p.Bytes()[p.L4:]; n > header.TCPSize {
			header.TCP(t).SetDataOffset(header.TCPSize + 4)
		} else if n == header.UDPSize {
			header.UDP(t).SetLength(n)
		}
	}
}

// FuzzCutting takes whatever a worker can parse through a Cutter, with its
// checksum finished and not.
func FuzzCutting(f *testing.F) {
	for _, s := range shapes() {
		in := s.super(40, everyFlag, text(100))
		f.Add(in.frame, uint8(in.gso.Kind), in.gso.Size, true)
		f.Add(in.frame, uint8(in.gso.Kind), in.gso.Size, false)
	}
	f.Fuzz(func(t *testing.T, frame []byte, kind uint8, size uint16, unfinished bool) {
		p, ok := parse(frame, packet.GSO{Kind: packet.GSOKind(kind), Size: size})
		if !ok {
			t.Skip()
		}
		if unfinished {
			p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + header.TCPChecksumOffset}
			if p.GSO.Kind == packet.GSOUDP {
				p.Sum.Field = p.L4 + header.UDPChecksumOffset
			}
		}
		if c, ok := New(p); ok {
			fuzzSegments(t, p, c)
		}
	})
}

// fuzzSegments looks that the segments are whole packets, no longer than they
// may be, which put together are the payload.
func fuzzSegments(t *testing.T, p *packet.Packet, c Cutter) {
	front, payload := len(c.front), slices.Clone(c.rest)
	var got []byte
	for i, dst := range cut(t, p) {
		again, ok := parse(dst.Bytes(), p.GSO)
		again.Sum = dst.Sum
		if !ok || again.Len() != dst.Len() || dst.Len() <= front || dst.Len() > front+int(p.GSO.Size) {
			t.Fatalf("segment %d is %x", i, dst.Bytes())
		}
		if one := cut(t, again); len(one) != 1 || !slices.Equal(one[0].Bytes()[p.L3:p.L4], dst.Bytes()[p.L3:p.L4]) {
			t.Fatalf("segment %d, %x, is cut again", i, dst.Bytes())
		}
		if dst.Sum == (packet.Partial{}) && p.GSO.Kind != packet.GSOUDP && !slices.Equal(dst.Bytes(), packettest.Finish(dst.Bytes())) {
			t.Fatalf("checksums of segment %d, %x, do not verify", i, dst.Bytes())
		}
		got = append(got, dst.Bytes()[front:]...)
	}
	if !slices.Equal(got, payload) {
		t.Fatalf("segments hold %x, want %x", got, payload)
	}
}
