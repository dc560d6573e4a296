package segment

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestNewFragmentsRefuses changes a datagram of 128 bytes, 100 of them payload,
// that could be cut.
func TestNewFragmentsRefuses(t *testing.T) {
	ip := func(p *packet.Packet) header.IPv4 { return header.IPv4(p.Bytes()[p.L3:]) }
	sum := func(start, field int) func(*packet.Packet) {
		return func(p *packet.Packet) {
			p.Sum = packet.Partial{Start: p.L3 + uint16(start), Field: p.L3 + uint16(field)}
		}
	}
	tests := map[string]struct {
		mtu    int
		change func(p *packet.Packet)
	}{
		"must not be fragmented":      {68, func(p *packet.Packet) { ip(p).SetFragment(header.IPv4DontFragment, 0) }},
		"must not be, though it fits": {1500, func(p *packet.Packet) { ip(p).SetFragment(header.IPv4DontFragment, 0) }},
		"a GSO frame":                 {68, func(p *packet.Packet) { p.GSO = packet.GSO{Kind: packet.GSOUDP, Size: 10} }},
		"neither IPv4 nor IPv6":       {68, func(p *packet.Packet) { p.Bytes()[p.L3] = 0x55 }},
		"cut short":                   {68, func(p *packet.Packet) { p.Truncate(p.Len() - 1) }},
		"no payload":                  {68, func(p *packet.Packet) { ip(p).SetTotalLen(20) }},
		"no room for a unit":          {27, func(*packet.Packet) {}},
		"no room for a header":        {19, func(*packet.Packet) {}},
		"no MTU":                      {0, func(*packet.Packet) {}},
		"MTU below zero":              {-1, func(*packet.Packet) {}},
		"beyond the longest packet":   {68, func(p *packet.Packet) { ip(p).SetFragment(0, 65432) }},
		"at the last offset":          {68, func(p *packet.Packet) { ip(p).SetFragment(header.IPv4MoreFragments, 65528) }},
		"unfinished, but a fragment":  {68, func(p *packet.Packet) { ip(p).SetFragment(header.IPv4MoreFragments, 0); sum(20, 26)(p) }},
		"unfinished in the IP header": {68, sum(8, 10)},
		"unfinished from before that": {68, sum(-4, 26)},
		"unfinished past the end":     {68, sum(120, 127)},
		"unfinished from the end on":  {68, sum(129, 130)},
		"field before its start":      {68, sum(28, 26)},
		"SCTP past the end":           {68, sum(117, 125)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := packet4(t, fragmentable(packettest.UDP(client4, virtual4, text(100)), 0x1234))
			if _, ok := NewFragments(p, 68, 7); !ok {
				t.Fatal("NewFragments() = false before the change")
			}
			tt.change(p)
			frame, before := bytes.Clone(p.Bytes()), *p
			if f, ok := NewFragments(p, tt.mtu, 7); ok || f.More() {
				t.Errorf("NewFragments(%x, %d) = true", p.Bytes(), tt.mtu)
			}
			if !bytes.Equal(p.Bytes(), frame) || p.Sum != before.Sum {
				t.Errorf("the frame became %x, Sum %+v, was %x, %+v", p.Bytes(), p.Sum, frame, before.Sum)
			}
		})
	}
}

func TestNewFragmentsRefusesIPv6(t *testing.T) {
	whole := packettest.UDP(client6, virtual6, text(1400))
	for name, frame := range map[string][]byte{
		"whole":      whole,
		"a fragment": packettest.Fragments(whole, 1000, 7)[0],
	} {
		p := packettest.Frame(frame)
		p.L3 = header.EthernetSize
		if _, ok := NewFragments(p, 1280, 7); ok {
			t.Errorf("%s: NewFragments() = true", name)
		}
	}
}

// TestTheLongestPackets are those that end where the longest does.
func TestTheLongestPackets(t *testing.T) {
	tests := map[string]struct{ offset, size int }{
		"last byte, by offset": {65528, 7},
		"two fragments":        {65520, 15},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoUDP, []byte(text(tt.size)))
			header.IPv4(packettest.Network(frame)).SetFragment(0, tt.offset)
			last := fragments(t, packet4(t, frame), 28, 7)[(tt.size-1)/8]
			h := header.IPv4(last.Bytes()[last.L3:])
			if h.FragmentOffset() != 65528 || h.MoreFragments() || len(h.Payload()) != 7 {
				t.Errorf("last fragment is %x", last.Bytes())
			}
		})
	}
}
