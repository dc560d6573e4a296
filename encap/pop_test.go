package encap

import (
	"bytes"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// pushed returns the frame of an inner one in a tunnel over IPv4.
func pushed(t testing.TB, opts TunnelOptions, inner []byte) []byte {
	t.Helper()
	p := found(t, inner)
	mustPush(t, NewTunnel(realServer(false), opts), p, director(false))
	return bytes.Clone(p.Bytes())
}

// leftBy returns what tunnel leaves unfinished of p, as it is in a frame without
// tags.
func leftBy(tunnel *Tunnel, p *packet.Packet) packet.Partial {
	if !tunnel.leaves(p) {
		return packet.Partial{}
	}
	return packet.Partial{Start: p.Sum.Start - p.L3 + header.EthernetSize, Field: p.Sum.Field - p.L3 + header.EthernetSize}
}

// untagged returns a frame without tags.
func untagged(frame []byte) []byte {
	etherType, l3, _ := header.Network(frame)
	f := slices.Concat(frame[:header.EthernetSize], frame[l3:])
	header.Ethernet(f).SetType(etherType)
	return f
}

func TestPopTakesOffWhatPushPutOn(t *testing.T) {
	for name, frame := range insides() {
		t.Run(name, func(t *testing.T) {
			eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
				p := found(t, frame)
				mustPush(t, tunnel, p, src)
				if !Pop(p, guePort) {
					t.Fatalf("Pop() of %x = false", p.Bytes())
				}
				wantFrame(t, p, packettest.TTL(untagged(frame), 63))
				if p.L3 != header.EthernetSize || p.L4 != 0 || p.Sum != (packet.Partial{}) {
					t.Errorf("L3 = %d, L4 = %d, Sum = %+v", p.L3, p.L4, p.Sum)
				}
			})
		})
	}
}

func TestPopLeavesToBeFinishedWhatPushLeft(t *testing.T) {
	for _, e := range families() {
		for name, b := range map[string]build{"TCP": tcp(header.FlagACK, "odd"), "UDP": udp("odd"), "SCTP": sctp("odd")} {
			t.Run(name, func(t *testing.T) {
				eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
					in := packettest.VLAN(packettest.Unfinished(b(e[0], e[1])), 100)
					p, _ := mustParse(t, in)
					p.Sum = packettest.Partial(in)
					left := leftBy(tunnel, p)
					mustPush(t, tunnel, p, src)
					if !Pop(p, guePort) {
						t.Fatalf("Pop() of %x = false", p.Bytes())
					}
					if p.Sum != left || !finish(p) {
						t.Errorf("Sum = %+v, want %+v", p.Sum, left)
					}
					wantFrame(t, p, packettest.TTL(b(e[0], e[1]), 63))
				})
			})
		}
	}
}

// TestPop has what a real server may receive besides what Push makes.
func TestPop(t *testing.T) {
	inner := packettest.UDP(client4, virtual4, "who is there")
	ip := packettest.Network(inner)
	outer := func(proto uint8, parts ...[]byte) []byte {
		return packettest.IP("203.0.113.1", "203.0.113.9", proto, slices.Concat(parts...))
	}
	gue := func(h ...byte) []byte {
		return packettest.UDP("203.0.113.1:40000", "203.0.113.9:6080", string(slices.Concat(h, ip)))
	}
	ipip := outer(header.ProtoIPIP, ip)
	gre := outer(header.ProtoGRE, []byte{0, 0, 8, 0}, ip)
	greCsum := pushed(t, tunnels()["gre, checksum"], packettest.TTL(inner, 65))
	remcsum := func(start, field byte) []byte { return gue(2, 4, 0, 1, 0x80, 0, 0, 0, 0, start, 0, field) }
	tests := map[string]struct {
		frame []byte
		ok    bool
	}{
		"ipip":                           {ipip, true},
		"padding":                        {packettest.Padded(ipip, 100), true},
		"tagged":                         {packettest.VLAN(ipip, 200, 100), true},
		"options":                        {withOptions(ipip), true},
		"extension header":               {withExtension(packettest.IP("2001:db8::1", "2001:db8::2", header.ProtoIPIP, ip)), true},
		"more behind the inner packet":   {outer(header.ProtoIPIP, ip, []byte("trailer")), true},
		"not a tunnel's protocol":        {outer(header.ProtoTCP, ip), false},
		"IPv4 for IPv6":                  {outer(header.ProtoIPv6, ip), false},
		"nothing inside":                 {outer(header.ProtoIPIP), false},
		"inner packet cut short":         {outer(header.ProtoIPIP, ip[:len(ip)-1]), false},
		"wrong header checksum":          {flipped(ipip, 24), false},
		"first fragment":                 {packettest.Fragments(ipip, 32, 9)[0], false},
		"last fragment":                  {packettest.Fragments(ipip, 32, 9)[1], false},
		"fragment over IPv6":             {packettest.Fragments(packettest.IP("2001:db8::1", "2001:db8::2", header.ProtoIPIP, ip), 32, 9)[0], false},
		"not IP":                         {packettest.ARP(header.ARPRequest, packettest.ClientMAC(), "192.0.2.1", header.MAC{}, "192.0.2.2"), false},
		"gre":                            {gre, true},
		"gre with a key":                 {outer(header.ProtoGRE, []byte{0x20, 0, 8, 0, 0, 0, 0, 1}, ip), false},
		"gre of Ethernet":                {outer(header.ProtoGRE, []byte{0, 0, 0x65, 0x58}, ip), false},
		"gre cut short":                  {outer(header.ProtoGRE, []byte{0, 0, 8}), false},
		"gre with a right checksum":      {greCsum, true},
		"gre with a wrong checksum":      {flipped(greCsum, len(greCsum)-1), false},
		"gue":                            {gue(0, 4, 0, 0), true},
		"gue with room for options":      {gue(1, 4, 0, 0, 0, 0, 0, 0), true},
		"gue, another port":              {packettest.UDP("203.0.113.1:40000", "203.0.113.9:6081", string(ip)), false},
		"gue, wrong checksum":            {flipped(gue(0, 4, 0, 0), 60), false},
		"gue, no checksum":               {zeroed(gue(0, 4, 0, 0), 40, 41), true},
		"gue, control message":           {gue(0x20, 4, 0, 0), false},
		"gue, version 1":                 {gue(), false},
		"gue of something else":          {gue(0, 47, 0, 0), false},
		"gue, unknown flag":              {gue(1, 4, 0x80, 0, 0, 0, 0, 0), false},
		"gue, options past the end":      {gue(31, 4, 0, 0), false},
		"remcsum":                        {remcsum(20, 26), true},
		"remcsum, last word":             {remcsum(20, 38), true},
		"remcsum past the end":           {remcsum(20, 39), false},
		"remcsum before its start":       {remcsum(28, 26), false},
		"remcsum of the header":          {remcsum(10, 10), false},
		"remcsum cut short":              {gue(1, 4, 0, 1, 0x80, 0, 0, 0), false},
		"private flag that is not known": {gue(2, 4, 0, 1, 0x40, 0, 0, 0, 0, 20, 0, 26), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := packettest.Frame(tt.frame)
			p.L3 = uint16(len(tt.frame) - len(packettest.Network(tt.frame)))
			if got := Pop(p, guePort); got != tt.ok {
				t.Fatalf("Pop() = %t, want %t", got, tt.ok)
			}
			want := tt.frame
			if tt.ok {
				want = inner
			}
			wantFrame(t, p, want)
		})
	}
}

// flipped returns a copy of frame with a byte inverted.
func flipped(frame []byte, at int) []byte {
	frame = bytes.Clone(frame)
	frame[at] ^= 0xff
	return frame
}

// zeroed returns a copy of frame with bytes at zero.
func zeroed(frame []byte, at ...int) []byte {
	frame = bytes.Clone(frame)
	for _, i := range at {
		frame[i] = 0
	}
	return frame
}

func TestPopKnowsNoGUEWithoutAPort(t *testing.T) {
	p := found(t, packettest.UDP("203.0.113.1:40000", "203.0.113.9:0", "\x00\x04\x00\x00"+string(packettest.Network(insides()["IPv4"]))))
	if Pop(p, 0) {
		t.Error("Pop() = true")
	}
}

func TestPopRefusesSuperFrames(t *testing.T) {
	p := found(t, pushed(t, TunnelOptions{}, insides()["IPv4"]))
	p.GSO = packet.GSO{Kind: packet.GSOUDP, Size: 100}
	if Pop(p, 0) {
		t.Error("Pop() = true")
	}
}

// TestPopTrustsWhatThisHostHasNotFinished has packets that never were on a wire:
// a checksum in front of what is unfinished cannot be right yet.
func TestPopTrustsWhatThisHostHasNotFinished(t *testing.T) {
	const outer = header.EthernetSize + header.IPv4Size
	for name, at := range map[string]int{"gre, checksum": outer + 4, "gue, checksum": outer + header.UDPChecksumOffset} {
		t.Run(name, func(t *testing.T) {
			inner := packettest.UDP(client4, virtual4, "who is there")
			p := found(t, flipped(pushed(t, tunnels()[name], inner), at))
			start := uint16(p.Len() - len(packettest.Transport(inner)))
			p.Sum = packet.Partial{Start: start, Field: start + header.UDPChecksumOffset}
			if !Pop(p, guePort) {
				t.Fatal("Pop() = false")
			}
			wantFrame(t, p, packettest.TTL(inner, 63))
			if want := packettest.Partial(inner); p.Sum != want {
				t.Errorf("Sum = %+v, want %+v", p.Sum, want)
			}
		})
	}
}
