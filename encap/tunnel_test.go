package encap

import (
	"bytes"
	"encoding/binary"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// guePort is where the real servers of these tests listen for gue.
const guePort = 6080

// realServer returns the real server's address in a family.
func realServer(v6 bool) lvs.Addr {
	if v6 {
		a, _ := endpoint(real6)
		return a
	}
	a, _ := endpoint(real4)
	return a
}

// director returns the director's address towards the real server.
func director(v6 bool) lvs.Addr {
	a := realServer(v6)
	a.Lo -= 8
	return a
}

// tunnels are options for each kind of outer header.
func tunnels() map[string]TunnelOptions {
	return map[string]TunnelOptions{
		"ipip":          {},
		"gre":           {Type: lvs.TunnelGRE},
		"gre, checksum": {Type: lvs.TunnelGRE, Flags: lvs.TunnelCsum},
		"gue":           {Type: lvs.TunnelGUE, Port: guePort},
		"gue, checksum": {Type: lvs.TunnelGUE, Port: guePort, Flags: lvs.TunnelCsum},
		"gue, remcsum":  {Type: lvs.TunnelGUE, Port: guePort, Flags: lvs.TunnelRemCsum},
	}
}

// eachTunnel runs f for every kind of tunnel over each family.
func eachTunnel(t *testing.T, f func(t *testing.T, tunnel *Tunnel, src lvs.Addr)) {
	for name, opts := range tunnels() {
		for over, v6 := range map[string]bool{" over IPv4": false, " over IPv6": true} {
			t.Run(name+over, func(t *testing.T) { f(t, NewTunnel(realServer(v6), opts), director(v6)) })
		}
	}
}

// mustPush puts p into the tunnel, and gives the frame the stations that all
// frames of these tests have.
func mustPush(t testing.TB, tunnel *Tunnel, p *packet.Packet, src lvs.Addr) {
	t.Helper()
	if !tunnel.Push(p, src, 0, true) {
		t.Fatal("Push() = false")
	}
	e := header.Ethernet(p.Bytes())
	e.SetSrc(packettest.ClientMAC())
	e.SetDst(packettest.DirectorMAC())
}

// insides are packets of either family in frames of all shapes.
func insides() map[string][]byte {
	return map[string][]byte{
		"IPv4":         packettest.UDP(client4, virtual4, "odd"),
		"IPv6":         packettest.TCP(client6, virtual6, header.FlagACK, "odd"),
		"tagged":       packettest.VLAN(packettest.UDP(client4, virtual4, ""), 100),
		"tagged twice": packettest.VLAN(packettest.UDP(client6, virtual6, ""), 200, 100),
		"options":      withOptions(packettest.UDP(client4, virtual4, "odd")),
		"extension":    withExtension(packettest.UDP(client6, virtual6, "odd")),
		"a fragment":   packettest.Fragments(packettest.UDP(client4, virtual4, "sixteen bytes of"), 16, 9)[1],
		"ICMP error":   packettest.ICMPError("203.0.113.7", header.ICMPTimeExceeded, 0, 0, packettest.UDP(client4, virtual4, "")),
	}
}

// found makes a packet of frame of which L3 alone is known for sure, as of a
// fragment.
func found(t testing.TB, frame []byte) *packet.Packet {
	t.Helper()
	if p, _, ok := parse(frame); ok {
		return p
	}
	p := packettest.Frame(frame)
	p.L3 = uint16(len(frame) - len(packettest.Network(frame)))
	return p
}

func TestPushPutsPacketsInsideAsTheyAre(t *testing.T) {
	for name, frame := range insides() {
		t.Run(name, func(t *testing.T) {
			eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
				p := found(t, frame)
				size, overhead := len(packettest.Network(frame)), tunnel.Overhead(p)
				mustPush(t, tunnel, p, src)
				if p.Len() != header.EthernetSize+overhead+size {
					t.Errorf("frame has %d bytes, Overhead() = %d", p.Len(), overhead)
				}
				if p.L3 != header.EthernetSize || int(p.L4-p.L3) != tunnel.network() || p.Sum != (packet.Partial{}) {
					t.Errorf("L3 = %d, L4 = %d, Sum = %+v", p.L3, p.L4, p.Sum)
				}
				want := packettest.Network(packettest.TTL(frame, 63))
				if got := p.Bytes()[header.EthernetSize+overhead:]; !bytes.Equal(got, want) {
					t.Errorf("inner packet is\n%x, want\n%x", got, want)
				}
			})
		})
	}
}

// TestPushNeedsRoom gives frames exactly the headroom that they need, to which
// tags add theirs, and a byte less.
func TestPushNeedsRoom(t *testing.T) {
	for name, frame := range insides() {
		t.Run(name, func(t *testing.T) {
			eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
				l3 := len(frame) - len(packettest.Network(frame))
				need := tunnel.size + header.EthernetSize - l3
				for room, want := range map[int]bool{need: true, need - 1: false} {
					p := new(packet.Packet)
					p.Reset(append(make([]byte, room), frame...), room, len(frame))
					p.L3 = uint16(l3)
					if got := tunnel.Push(p, src, 0, true); got != want {
						t.Fatalf("Push() with %d bytes before the frame = %t, want %t", room, got, want)
					}
					if !want {
						wantFrame(t, p, frame)
					}
				}
			})
		})
	}
}

// TestPushAfterALongLinkHeader has more in front of the packet than any tunnel
// puts there: the frame becomes shorter.
func TestPushAfterALongLinkHeader(t *testing.T) {
	frame := packettest.UDP(client4, virtual4, "odd")
	eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
		want := packettest.Frame(frame)
		want.L3 = header.EthernetSize
		mustPush(t, NewTunnel(tunnel.fronts[0].dst, tunnel.opts), want, src)
		long := append(make([]byte, 100), frame...)
		p := packettest.Frame(long)
		p.L3 = 100 + header.EthernetSize
		mustPush(t, NewTunnel(tunnel.fronts[0].dst, tunnel.opts), p, src)
		wantFrame(t, p, want.Bytes())
	})
}

// TestPushRefuses has what else Push cannot do, and that it does nothing then.
func TestPushRefuses(t *testing.T) {
	tests := map[string]func(p *packet.Packet, overhead int){
		"longer than IP can be":       func(p *packet.Packet, overhead int) { p.Grow(65536 + header.EthernetSize - overhead - p.Len()) },
		"a super-frame":               func(p *packet.Packet, _ int) { p.GSO = packet.GSO{Kind: packet.GSOUDP, Size: 100} },
		"unfinished behind the end":   func(p *packet.Packet, _ int) { p.Sum = packet.Partial{Start: p.L4, Field: uint16(p.Len()) - 1} },
		"unfinished in front of IP":   func(p *packet.Packet, _ int) { p.Sum = packet.Partial{Start: 4, Field: 10} },
		"unfinished before its start": func(p *packet.Packet, _ int) { p.Sum = packet.Partial{Start: p.L4, Field: p.L4 - 2} },
		"unfinished SCTP cut short": func(p *packet.Packet, _ int) {
			p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + 8}
			p.Truncate(int(p.L4) + 11)
		},
	}
	in := packettest.UDP(client4, virtual4, "who is there")
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
				p := new(packet.Packet)
				p.Reset(append(append(make([]byte, packet.Headroom), in...), make([]byte, 65536)...), packet.Headroom, len(in))
				p.L3, p.L4 = header.EthernetSize, header.EthernetSize+header.IPv4Size
				spoil(p, tunnel.Overhead(p))
				before, frame := *p, bytes.Clone(p.Bytes())
				if tunnel.Push(p, src, 0, true) {
					t.Fatal("Push() = true")
				}
				if p.L3 != before.L3 || p.L4 != before.L4 || p.Sum != before.Sum {
					t.Errorf("packet is now %+v, was %+v", p, before)
				}
				wantFrame(t, p, frame)
			})
		})
	}
}

// sumsToZero builds UDP datagrams whose checksum is zero, spelled 0xffff.
func sumsToZero(src, dst string) []byte {
	model := header.UDP(packettest.Transport(packettest.UDP(src, dst, "\x00\x00")))
	return packettest.UDP(src, dst, string(binary.BigEndian.AppendUint16(nil, model.Checksum())))
}

// TestPushFinishesChecksums has those that no device would find any more.
func TestPushFinishesChecksums(t *testing.T) {
	for name, b := range map[string]build{
		"TCP": tcp(header.FlagACK, "odd"), "UDP": udp("odd"), "UDP with a sum of zero": sumsToZero, "SCTP": sctp("odd"),
	} {
		t.Run(name, func(t *testing.T) {
			eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
				for _, e := range families() {
					whole := b(e[0], e[1])
					in := packettest.Unfinished(whole)
					p, _ := mustParse(t, in)
					p.Sum = packettest.Partial(in)
					want := packettest.TTL(whole, 63)
					if tunnel.leaves(p) {
						want = packettest.TTL(in, 63)
					}
					overhead := tunnel.Overhead(p)
					mustPush(t, tunnel, p, src)
					if got := p.Bytes()[header.EthernetSize+overhead:]; !bytes.Equal(got, packettest.Network(want)) {
						t.Errorf("inner packet is\n%x, want\n%x", got, packettest.Network(want))
					}
				}
			})
		})
	}
}
