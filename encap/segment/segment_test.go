package segment

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
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
// before it calls this package. It reports false for what a worker would not cut.
func parse(frame []byte, gso packet.GSO) (p *packet.Packet, ok bool) {
	p = packettest.Frame(frame)
	p.In, p.Out, p.GSO = 3, 5, gso
	_, l3, ok := header.Network(frame)
	if !ok {
		return p, false
	}
	end, l4 := 0, 0
	if h, ok := header.ParseIPv4(frame[l3:]); ok && !h.IsFragment() {
		end, l4 = len(h), h.HeaderLen()
	} else if h, ok := header.ParseIPv6(frame[l3:]); ok {
		t, ok := h.Transport()
		if !ok || t.MoreFragments || t.FragmentOffset != 0 {
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

// A super is a GSO frame, its checksums finished.
type super struct {
	frame []byte
	gso   packet.GSO
}

// finished returns s as a packet.
func (s super) finished(t testing.TB) *packet.Packet {
	t.Helper()
	p, ok := parse(s.frame, s.gso)
	if !ok {
		t.Fatalf("cannot parse %x", s.frame)
	}
	return p
}

// unfinished returns s as Linux senders leave it: its checksum is to be finished.
func (s super) unfinished(t testing.TB) *packet.Packet {
	t.Helper()
	p := super{packettest.Unfinished(s.frame), s.gso}.finished(t)
	p.Sum = packettest.Partial(s.frame)
	return p
}

// cut returns the segments of p, which must be cuttable.
func cut(t testing.TB, p *packet.Packet) (segments []*packet.Packet) {
	t.Helper()
	c, ok := New(p)
	if !ok {
		t.Fatalf("New(%+v of %x) = false", p.GSO, p.Bytes())
	}
	for c.More() {
		dst := new(packet.Packet)
		dst.Reset(make([]byte, packet.Headroom+64+len(p.Bytes())), packet.Headroom, 0)
		if !c.Next(dst) {
			t.Fatal("Next() = false, though there is more")
		}
		segments = append(segments, dst)
	}
	return segments
}

// text returns n bytes that show where they come from.
func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(i*0x01020305)))
	}
	return b.String()[:n]
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

// withOptions returns a copy of an untagged IPv4 frame with four bytes of options.
func withOptions(frame []byte) []byte {
	frame = grown(frame, header.EthernetSize+header.IPv4Size, 1, 1, 1, 1)
	header.IPv4(packettest.Network(frame)).SetHeaderLen(header.IPv4Size + 4)
	return packettest.Finish(frame)
}

// withExtension returns a copy of an untagged IPv6 frame with a hop-by-hop
// header that is all padding (RFC 8200, section 4.2).
func withExtension(frame []byte) []byte {
	next := header.IPv6(packettest.Network(frame)).NextHeader()
	frame = grown(frame, header.EthernetSize+header.IPv6Size, next, 0, 1, 4, 0, 0, 0, 0)
	header.IPv6(packettest.Network(frame)).SetNextHeader(0)
	return frame
}

// withTimestamps returns a copy of a TCP frame with the options that most
// segments have (RFC 7323, appendix A).
func withTimestamps(frame []byte) []byte {
	at := len(frame) - len(packettest.Transport(frame)) + header.TCPSize
	frame = grown(frame, at, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8)
	header.TCP(packettest.Transport(frame)).SetDataOffset(header.TCPSize + 12)
	return packettest.Finish(frame)
}

// numbered returns a copy of a frame with that identification, if it is IPv4,
// and that sequence number, if it is TCP.
func numbered(frame []byte, id uint16, seq uint32) []byte {
	frame = slices.Clone(frame)
	proto := uint8(0)
	if h, ok := header.ParseIPv4(packettest.Network(frame)); ok {
		h.SetID(id)
		proto = h.Proto()
	} else if h, ok := header.ParseIPv6(packettest.Network(frame)); ok {
		t, _ := h.Transport()
		proto = t.Proto
	}
	if proto == header.ProtoTCP {
		header.TCP(packettest.Transport(frame)).SetSeq(seq)
	}
	return packettest.Finish(frame)
}

// wantFrames compares segments with frames.
func wantFrames(t testing.TB, got []*packet.Packet, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("cut into %d segments, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i].Bytes(), want[i]) {
			t.Errorf("segment %d\n got %x\nwant %x", i, got[i].Bytes(), want[i])
		}
	}
}
