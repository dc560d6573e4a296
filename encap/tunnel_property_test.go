package encap

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestPopIsTheInverseOfPush draws packets and tunnels. What goes in comes out
// with one hop less, and the checksum as unfinished as only remcsum leaves it.
func TestPopIsTheInverseOfPush(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		six, over6 := rapid.Bool().Draw(rt, "IPv6"), rapid.Bool().Draw(rt, "over IPv6")
		c, v := drawEndpoint(rt, six, "client"), drawEndpoint(rt, six, "virtual")
		in := packettest.TTL(drawFrame(rt)(c.String(), v.String()), rapid.Uint8Min(2).Draw(rt, "TTL"))
		setDF(in, rapid.Bool().Draw(rt, "DF"))
		setClass(packettest.Network(in), rapid.Byte().Draw(rt, "class"))
		unfinished := rapid.Bool().Draw(rt, "unfinished")
		if unfinished {
			in = packettest.Unfinished(in)
		}
		p, _, _ := parse(in)
		if unfinished {
			p.Sum = packettest.Partial(in)
		}
		d, s := drawEndpoint(rt, over6, "destination"), drawEndpoint(rt, over6, "director")
		tunnel := NewTunnel(lvs.AddrFrom(d.Addr()), TunnelOptions{
			Type:  rapid.SampledFrom([]lvs.TunnelType{lvs.TunnelIPIP, lvs.TunnelGUE, lvs.TunnelGRE}).Draw(rt, "type"),
			Flags: rapid.SampledFrom([]lvs.TunnelFlags{lvs.TunnelNoCsum, lvs.TunnelCsum, lvs.TunnelRemCsum}).Draw(rt, "flags"),
			Port:  guePort,
		})
		want := packettest.TTL(in, TTL(p)-1)
		if left := tunnel.leaves(p); unfinished && !left {
			want = packettest.Finish(want)
		}
		if !tunnel.Push(p, lvs.AddrFrom(s.Addr()), rapid.Uint32().Draw(rt, "hash"), rapid.Bool().Draw(rt, "copy DF")) {
			rt.Fatal("Push() = false")
		}
		if !bytes.Equal(packettest.Finish(p.Bytes())[:p.L4], p.Bytes()[:p.L4]) {
			rt.Fatalf("outer header is %x", p.Bytes()[:p.L4])
		}
		if !Pop(p, guePort) {
			rt.Fatalf("Pop() of %x = false", p.Bytes())
		}
		if got := p.Bytes()[header.EthernetSize:]; !bytes.Equal(got, packettest.Network(want)) {
			rt.Fatalf("there and back is\n%x, want\n%x", got, packettest.Network(want))
		}
	})
}

// FuzzPop takes anything out of a tunnel. What comes out is one whole IP packet,
// and goes into a tunnel and out of it again.
func FuzzPop(f *testing.F) {
	for _, opts := range tunnels() {
		for _, inner := range insides() {
			for _, v6 := range []bool{false, true} {
				p := found(f, inner)
				mustPush(f, NewTunnel(realServer(v6), opts), p, director(v6))
				f.Add(p.Bytes(), uint16(0))
			}
		}
	}
	left := packettest.Unfinished(packettest.UDP(client4, virtual4, "odd"))
	p, _ := mustParse(f, left)
	p.Sum = packettest.Partial(left)
	mustPush(f, NewTunnel(realServer(false), tunnels()["gue, remcsum"]), p, director(false))
	f.Add(p.Bytes(), uint16(0))
	f.Add(packettest.VLAN(pushed(f, TunnelOptions{}, insides()["IPv6"]), 200, 100), uint16(50))
	f.Fuzz(func(t *testing.T, frame []byte, sum uint16) {
		_, l3, ok := header.Network(frame)
		if !ok || len(frame) > 1<<15 {
			t.Skip()
		}
		p := packettest.Frame(frame)
		p.L3 = uint16(l3)
		if sum != 0 {
			p.Sum = packet.Partial{Start: sum, Field: sum + header.UDPChecksumOffset}
		}
		if !Pop(p, guePort) {
			wantFrame(t, p, frame)
			return
		}
		etherType, l3, _ := header.Network(p.Bytes())
		h4, ok4 := header.ParseIPv4(p.Bytes()[l3:])
		h6, ok6 := header.ParseIPv6(p.Bytes()[l3:])
		if int(p.L3) != l3 || ok4 != (etherType == header.TypeIPv4) || ok6 != (etherType == header.TypeIPv6) || len(h4)+len(h6) != p.Len()-l3 {
			t.Fatalf("Pop() of %x gives %x", frame, p.Bytes())
		}
		if TTL(p) < 2 || !holds(p, p.Sum) {
			return
		}
		finish(p)
		again := packettest.TTL(p.Bytes(), TTL(p)-1)
		for _, opts := range tunnels() {
			p := packettest.Frame(again)
			p.L3 = header.EthernetSize
			mustPush(t, NewTunnel(realServer(true), opts), p, director(true))
			if !Pop(p, guePort) {
				t.Fatalf("%v: cannot pop %x", opts, p.Bytes())
			}
		}
	})
}
