package segment

import (
	"bytes"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// packet4 makes a packet of frame, an IPv4 one whose headers have been found.
func packet4(t testing.TB, frame []byte) *packet.Packet {
	t.Helper()
	p := packettest.Frame(frame)
	p.In, p.Out = 3, 5
	_, l3, _ := header.Network(frame)
	h, ok := header.ParseIPv4(frame[l3:])
	if !ok {
		t.Fatalf("cannot parse %x", frame)
	}
	p.Truncate(l3 + len(h))
	p.L3 = uint16(l3)
	if h.FragmentOffset() == 0 {
		p.L4 = p.L3 + uint16(h.HeaderLen())
	}
	return p
}

// unfinished4 is packet4 for a frame whose checksum is to be finished.
func unfinished4(t testing.TB, frame []byte) *packet.Packet {
	t.Helper()
	p := packet4(t, packettest.Unfinished(frame))
	p.Sum = packettest.Partial(frame)
	return p
}

// fragments returns the fragments of p, which must be such as can be cut.
func fragments(t testing.TB, p *packet.Packet, mtu int, id uint16) (out []*packet.Packet) {
	t.Helper()
	f, ok := NewFragments(p, mtu, id)
	if !ok {
		t.Fatalf("NewFragments(%x, %d) = false", p.Bytes(), mtu)
	}
	for f.More() {
		dst := new(packet.Packet)
		dst.Reset(make([]byte, packet.Headroom+p.Len()), packet.Headroom, 0)
		if !f.Next(dst) {
			t.Fatal("Next() = false, though there is more")
		}
		out = append(out, dst)
	}
	return out
}

// wholes returns IPv4 frames that are to be fragmented, with n bytes of payload
// or a few more, numbered 0x1234.
func wholes(n int) map[string][]byte {
	udp := packettest.UDP(client4, virtual4, text(n))
	frames := map[string][]byte{
		"UDP":                    udp,
		"UDP, no checksum":       withoutChecksum(udp),
		"TCP":                    withTimestamps(packettest.TCP(client4, virtual4, header.FlagACK, text(n))),
		"SCTP":                   packettest.SCTP(client4, virtual4, packettest.Chunk(header.ChunkData, text(n))),
		"ICMP":                   packettest.ICMP("198.51.100.7", "192.0.2.1", header.ICMPEcho, 0, 7, text(n)),
		"ESP":                    packettest.ESP("198.51.100.7", "192.0.2.1", 7, text(n)),
		"tunnel":                 packettest.IP("203.0.113.1", "203.0.113.9", header.ProtoIPIP, packettest.Network(udp)),
		"tunnel around IPv6":     packettest.IP("203.0.113.1", "203.0.113.9", header.ProtoIPv6, packettest.Network(packettest.UDP(client6, virtual6, text(n)))),
		"UDP, tagged":            packettest.VLAN(udp, 100),
		"UDP, tagged twice":      packettest.VLAN(udp, 200, 100),
		"options":                withOptionBytes(udp, mixedOptions...),
		"as many options as fit": withOptionBytes(udp, bytes.Repeat([]byte{0x9e, 4, 1, 2}, 10)...),
	}
	for name, frame := range frames {
		frames[name] = fragmentable(frame, 0x1234)
	}
	return frames
}

// fragmentable returns a copy of an IPv4 frame that routers may fragment.
func fragmentable(frame []byte, id uint16) []byte {
	frame = slices.Clone(frame)
	h := header.IPv4(packettest.Network(frame))
	h.SetID(id)
	h.SetFragment(0, 0)
	h.SetChecksum(h.ComputeChecksum())
	return frame
}

// mixedOptions are an option that all fragments have, one that the first alone
// has, and padding (RFC 791, section 3.1; the numbers are RFC 4727's).
var mixedOptions = []byte{0x9e, 4, 'a', 'b', 0x1e, 3, 'x', optionNop}

// withOptionBytes returns a copy of an untagged IPv4 frame with options, a
// multiple of four bytes.
func withOptionBytes(frame []byte, options ...byte) []byte {
	frame = grown(frame, header.EthernetSize+header.IPv4Size, options...)
	header.IPv4(packettest.Network(frame)).SetHeaderLen(header.IPv4Size + len(options))
	return packettest.Finish(frame)
}

// withoutChecksum returns a copy of a UDP frame whose sender computed none.
func withoutChecksum(frame []byte) []byte {
	frame = slices.Clone(frame)
	header.UDP(packettest.Transport(frame)).SetChecksum(0)
	return frame
}

// TestFragmenting holds fragments against those that are built for tests, which
// know no difference between options.
func TestFragmenting(t *testing.T) {
	tests := map[string]struct{ size, slack int }{
		"a unit each":      {8, 0},
		"odd room":         {40, 7},
		"two fragments":    {64, 0},
		"all but the last": {96, 3},
	}
	for frameName, frame := range wholes(101) {
		if frameName == "options" {
			continue
		}
		for name, tt := range tests {
			t.Run(frameName+", "+name, func(t *testing.T) {
				mtu := header.IPv4(packettest.Network(frame)).HeaderLen() + tt.size + tt.slack
				want := packettest.Fragments(frame, tt.size, 0x1234)
				wantFrames(t, fragments(t, packet4(t, frame), mtu, 7), want)
			})
		}
	}
}

func TestWhatFitsStaysWhole(t *testing.T) {
	for name, frame := range wholes(100) {
		t.Run(name, func(t *testing.T) {
			mtu := len(frame) - int(packet4(t, frame).L3)
			wantFrames(t, fragments(t, packet4(t, frame), mtu, 7), [][]byte{frame})
			wantFrames(t, fragments(t, packet4(t, frame), 9000, 7), [][]byte{frame})
			if n := len(fragments(t, packet4(t, frame), mtu-1, 7)); n != 2 {
				t.Errorf("%d fragments of a byte too many, want 2", n)
			}
		})
	}
}

// TestFragmentingFinishesChecksums has what Linux senders leave to their device.
func TestFragmentingFinishesChecksums(t *testing.T) {
	for _, name := range []string{"UDP", "TCP", "SCTP", "UDP, tagged", "as many options as fit"} {
		for size := range 4 { // of the last word
			frame := wholes(101 + size)[name]
			p := unfinished4(t, frame)
			hl := header.IPv4(packettest.Network(frame)).HeaderLen()
			wantFrames(t, fragments(t, p, hl+40, 7), packettest.Fragments(frame, 40, 0x1234))
			if p.Sum != (packet.Partial{}) || !bytes.Equal(p.Bytes(), frame) {
				t.Errorf("%s: the packet became %x, Sum %+v, want %x", name, p.Bytes(), p.Sum, frame)
			}
		}
	}
}

// TestFragmentingSaysWhatIsKnown looks at what a fragment says about itself.
func TestFragmentingSaysWhatIsKnown(t *testing.T) {
	for name, frame := range wholes(200) {
		p := packet4(t, frame)
		for i, dst := range fragments(t, p, 108, 7) {
			want := p.L4
			if i > 0 {
				want = 0
			}
			if dst.In != 3 || dst.Out != 5 || dst.L3 != p.L3 || dst.L4 != want || dst.Sum != (packet.Partial{}) || dst.GSO != (packet.GSO{}) {
				t.Errorf("%s: fragment %d is %+v of %+v", name, i, dst, p)
			}
		}
		if !bytes.Equal(p.Bytes(), frame) {
			t.Errorf("%s: the frame became %x, was %x", name, p.Bytes(), frame)
		}
	}
}
