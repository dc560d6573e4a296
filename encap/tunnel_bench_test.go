package encap

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// restore makes p frame again, of which tunnels change no more than the front.
func restore(p *packet.Packet, frame []byte) {
	p.Pull(p.Len() - len(frame))
	copy(p.Bytes()[:header.EthernetSize+header.IPv4Size], frame)
	p.L3, p.L4 = header.EthernetSize, header.EthernetSize+header.IPv4Size
}

func TestTunnelsDoNotAllocate(t *testing.T) {
	frame := packettest.UDP(client4, virtual4, "who is there")
	eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
		p, _ := mustParse(t, frame)
		n := testing.AllocsPerRun(100, func() {
			restore(p, frame)
			if !tunnel.Push(p, src, 7, true) {
				t.Fatal("Push() = false")
			}
			if !Pop(p, guePort) {
				t.Fatal("Pop() = false")
			}
		})
		if n != 0 {
			t.Errorf("into a tunnel and out of it allocates %v times, want 0", n)
		}
	})
}

func BenchmarkPush(b *testing.B) {
	frame := packettest.UDP(client4, virtual4, string(make([]byte, 64-header.IPv4Size-header.UDPSize)))
	for name, opts := range tunnels() {
		for over, v6 := range map[string]bool{" over IPv4": false, " over IPv6": true} {
			b.Run(name+over, func(b *testing.B) {
				tunnel, src := NewTunnel(realServer(v6), opts), director(v6)
				p, _ := mustParse(b, frame)
				b.ReportAllocs()
				b.SetBytes(int64(len(frame)))
				for b.Loop() {
					if opts.Flags == lvs.TunnelRemCsum { // of which nothing is left otherwise
						p.Sum = packet.Partial{Start: p.L4, Field: p.L4 + header.UDPChecksumOffset}
					}
					if !tunnel.Push(p, src, 7, true) {
						b.Fatal("Push() = false")
					}
					restore(p, frame)
				}
			})
		}
	}
}

func BenchmarkPop(b *testing.B) {
	frame := packettest.UDP(client4, virtual4, string(make([]byte, 64-header.IPv4Size-header.UDPSize)))
	for name, opts := range tunnels() {
		b.Run(name, func(b *testing.B) {
			outer := pushed(b, opts, frame)
			p := packettest.Frame(outer)
			b.ReportAllocs()
			b.SetBytes(int64(len(outer)))
			for b.Loop() {
				p.Push(len(outer) - p.Len())
				copy(p.Bytes(), outer)
				p.L3 = header.EthernetSize
				if !Pop(p, guePort) {
					b.Fatal("Pop() = false")
				}
			}
		})
	}
}
