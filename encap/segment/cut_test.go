package segment

import (
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// A build makes a frame with some payload.
type build func(flags header.TCPFlags, payload string) []byte

// A shape is what a super-frame and its segments have in common.
type shape struct {
	kind packet.GSOKind
	make build
}

// shapes returns one shape for every way that headers lie in a frame.
func shapes() map[string]shape {
	tcp4 := func(f header.TCPFlags, s string) []byte { return packettest.TCP(client4, virtual4, f, s) }
	tcp6 := func(f header.TCPFlags, s string) []byte { return packettest.TCP(client6, virtual6, f, s) }
	udp4 := func(_ header.TCPFlags, s string) []byte { return packettest.UDP(client4, virtual4, s) }
	udp6 := func(_ header.TCPFlags, s string) []byte { return packettest.UDP(client6, virtual6, s) }
	changed := func(b build, change func([]byte) []byte) build {
		return func(f header.TCPFlags, s string) []byte { return change(b(f, s)) }
	}
	tagged := func(b build, ids ...uint16) build {
		return changed(b, func(frame []byte) []byte { return packettest.VLAN(frame, ids...) })
	}
	return map[string]shape{
		"TCP over IPv4":                  {packet.GSOTCP4, tcp4},
		"TCP over IPv6":                  {packet.GSOTCP6, tcp6},
		"UDP over IPv4":                  {packet.GSOUDP, udp4},
		"UDP over IPv6":                  {packet.GSOUDP, udp6},
		"TCP options over IPv4":          {packet.GSOTCP4, changed(tcp4, withTimestamps)},
		"TCP options over IPv6":          {packet.GSOTCP6, changed(tcp6, withTimestamps)},
		"TCP over IPv4 with options":     {packet.GSOTCP4, changed(tcp4, withOptions)},
		"UDP over IPv4 with options":     {packet.GSOUDP, changed(udp4, withOptions)},
		"TCP behind an extension header": {packet.GSOTCP6, changed(tcp6, withExtension)},
		"UDP behind an extension header": {packet.GSOUDP, changed(udp6, withExtension)},
		"TCP over IPv4, tagged":          {packet.GSOTCP4, tagged(tcp4, 100)},
		"TCP over IPv6, tagged twice":    {packet.GSOTCP6, tagged(changed(tcp6, withTimestamps), 200, 100)},
		"UDP over IPv4, tagged twice":    {packet.GSOUDP, tagged(udp4, 200, 100)},
	}
}

// super returns a frame of shape s to be cut into segments of size bytes.
func (s shape) super(size int, flags header.TCPFlags, payload string) super {
	frame := numbered(s.make(flags, payload), 0xfffe, 0xfffffff0)
	return super{frame, packet.GSO{Kind: s.kind, Size: uint16(size), ECN: flags&flagCWR != 0}}
}

// segments returns what super has to be cut into, each segment built by itself.
func (s shape) segments(size int, flags header.TCPFlags, payload string) (frames [][]byte) {
	for at := 0; at < len(payload); at += size {
		f, end := flags, min(at+size, len(payload))
		if at > 0 {
			f &^= flagCWR
		}
		if end < len(payload) {
			f &^= header.FlagFIN | header.FlagPSH
		}
		id, seq := uint16(0xfffe+len(frames)), uint32(0xfffffff0+at)
		frames = append(frames, numbered(s.make(f, payload[at:end]), id, seq))
	}
	return frames
}

const everyFlag = header.FlagFIN | header.FlagPSH | header.FlagACK | header.FlagURG | 1<<6 | flagCWR

func TestCutting(t *testing.T) {
	tests := map[string]struct{ size, payload int }{
		"less than a segment":    {100, 99},
		"one segment":            {100, 100},
		"one byte more":          {100, 101},
		"two segments":           {100, 200},
		"odd segments":           {33, 100},
		"a segment for each":     {1, 5},
		"an MTU's segments":      {1440, 10000},
		"as much as fits a uint": {0xffff, 3},
	}
	for shapeName, s := range shapes() {
		for name, tt := range tests {
			t.Run(shapeName+", "+name, func(t *testing.T) {
				in := s.super(tt.size, everyFlag, text(tt.payload))
				want := s.segments(tt.size, everyFlag, text(tt.payload))
				wantFrames(t, cut(t, in.finished(t)), want)

				for i, frame := range want {
					want[i] = packettest.Unfinished(frame)
				}
				wantFrames(t, cut(t, in.unfinished(t)), want)
			})
		}
	}
}

// TestCuttingKeepsWhatIsKnown looks at what a segment says about itself.
func TestCuttingKeepsWhatIsKnown(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			in := s.super(700, header.FlagACK, text(1500))
			for _, p := range []*packet.Packet{in.finished(t), in.unfinished(t)} {
				frame := slices.Clone(p.Bytes())
				for i, dst := range cut(t, p) {
					if dst.In != 3 || dst.Out != 5 || dst.L3 != p.L3 || dst.L4 != p.L4 || dst.Sum != p.Sum || dst.GSO != (packet.GSO{}) {
						t.Errorf("segment %d is %+v of %+v", i, dst, p)
					}
				}
				if !slices.Equal(p.Bytes(), frame) {
					t.Errorf("the frame became %x, was %x", p.Bytes(), frame)
				}
			}
		})
	}
}

// TestNoChecksumStaysNone has datagrams whose sender computed no checksum.
func TestNoChecksumStaysNone(t *testing.T) {
	for _, name := range []string{"UDP over IPv4", "UDP over IPv6"} {
		p := shapes()[name].super(100, 0, text(250)).finished(t)
		header.UDP(p.Bytes()[p.L4:]).SetChecksum(0)
		for i, dst := range cut(t, p) {
			if sum := header.UDP(dst.Bytes()[dst.L4:]).Checksum(); sum != 0 || dst.Sum != (packet.Partial{}) {
				t.Errorf("%s: segment %d has checksum %#04x, Sum %+v", name, i, sum, dst.Sum)
			}
		}
	}
}

// TestZeroChecksumIsSpelledOut searches for a datagram whose sum is zero, which
// must not read as no checksum.
func TestZeroChecksumIsSpelledOut(t *testing.T) {
	p := shapes()["UDP over IPv4"].super(2, 0, "abcd").finished(t)
	payload := p.Bytes()[int(p.L4)+header.UDPSize:]
	for n := range 1 << 16 {
		payload[0], payload[1] = byte(n>>8), byte(n)
		first := cut(t, p)[0]
		switch header.UDP(first.Bytes()[first.L4:]).Checksum() {
		case 0:
			t.Fatalf("datagram %x has no checksum", first.Bytes())
		case 0xffff:
			return
		}
	}
	t.Error("no payload has a sum of zero")
}

func TestNextNeedsRoom(t *testing.T) {
	in := shapes()["TCP over IPv6"].super(100, 0, text(150))
	c, ok := New(in.finished(t))
	if !ok {
		t.Fatal("New() = false")
	}
	const first = header.EthernetSize + header.IPv6Size + header.TCPSize + 100
	dst := new(packet.Packet)
	dst.Reset(make([]byte, first+9), 10, 4)
	if c.Next(dst) || dst.Len() != 0 {
		t.Fatalf("Next() finds room for %d bytes in %d", dst.Len(), first-1)
	}
	dst.Reset(make([]byte, first+10), 10, 4)
	if !c.Next(dst) || dst.Len() != first {
		t.Fatalf("segment of %d bytes, want %d", dst.Len(), first)
	}
	wantFrames(t, []*packet.Packet{dst}, shapes()["TCP over IPv6"].segments(100, 0, text(150))[:1])
	if !c.Next(dst) || c.More() || dst.Len() != first-50 || c.Next(dst) || dst.Len() != 0 {
		t.Errorf("%d bytes left, dst of %d bytes after the last segment", len(c.rest), dst.Len())
	}
}
