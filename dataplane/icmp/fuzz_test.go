package icmp

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// FuzzErrors takes whatever a worker can parse through every function.
func FuzzErrors(f *testing.F) {
	query4, query6 := queries("odd")
	for _, frame := range [][]byte{
		query4, query6, unreachable(query4), unreachable(query6),
		unreachable(withOptions(query4)), unreachable(withExtension(query6)),
		withOptions(unreachable(query4)), withExtension(unreachable(query6)),
		unreachable(packettest.Fragments(query6, 8, 9)[0]),
		packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 7, "ping"),
		packettest.VLAN(unreachable(query6), 200, 100),
		unreachable(packettest.SCTP(client4, virtual4)),
		unreachable(packettest.ESP("198.51.100.7", "192.0.2.1", 7, "secret")),
		unreachable(packettest.AH("2001:db8::7", "2001:db8:1::1", header.ProtoUDP, 7, "odd")),
	} {
		f.Add(frame, uint16(1400))
	}
	f.Fuzz(func(t *testing.T, frame []byte, n uint16) {
		p, proto, ok := parse(frame)
		if !ok {
			t.Skip()
		}
		a := addr(router4)
		if !isIPv4(frame) {
			a = addr(router6)
		}
		if q, ok := Related(p, proto); ok {
			fuzzTranslate(t, p, q, a, n)
		}
		Answerable(p, proto)
		before := bytes.Clone(p.Bytes())
		if !Make(p, TooBig, a, int(n)) || !ChecksumOK(p) {
			t.Errorf("Make gives %x of %x", p.Bytes(), before)
		}
	})
}

// fuzzTranslate checks what is left of an error when it has been translated.
func fuzzTranslate(t *testing.T, p *packet.Packet, q Quote, a lvs.Addr, port uint16) {
	length := p.Len()
	LowerMTU(p, int(port))
	if seq, ok := q.Seq(p); ok {
		q.SetSeq(p, seq+uint32(port))
	}
	ToRealFrom(p, &q, a, port, a, port)
	ToClientAt(p, &q, a, port, a, port)
	ToReal(p, &q, a, port)
	ToClient(p, &q, a, port)
	if p.Len() != length || !ChecksumOK(p) {
		t.Errorf("translation gives %x", p.Bytes())
	}
	want := lvs.Tuple{Src: a, Dst: a, SrcPort: port, DstPort: port, Proto: q.Tuple.Proto}
	if isIPsec(want.Proto) {
		want.SrcPort, want.DstPort = 0, 0
	}
	proto := lvs.ICMPv6
	if a.Is4() {
		proto = lvs.ICMP
	}
	if again, ok := Related(p, proto); !ok || again.Tuple != want {
		t.Errorf("Related() = %v, %t afterwards, want %v", again.Tuple, ok, want)
	}
}

// FuzzTunneled relays whatever a worker can parse and may be about a tunnel: the
// client gets a whole error, about its own packet, that fits where errors do.
func FuzzTunneled(f *testing.F) {
	query4, query6 := queries("odd")
	for _, frame := range [][]byte{
		wrap4(nil, query4), wrap4(greCsum, query4), wrap4(gueOptions, query4), wrap4(gueRemcsum, query4),
		wrap4(nil, query6), wrap4(gre6, query6), wrap4(gue6, withExtension(query6)),
		wrap6(nil, query4), wrap6(nil, query6), wrap6(gue, withOptions(query4)), withExtension(wrap6(gre6, query6)),
		wrap4(nil, packettest.ESP("198.51.100.7", "192.0.2.1", 7, "secret")),
	} {
		f.Add(big(frame), uint16(1400))
		f.Add(packettest.VLAN(big(frame), 200, 100), uint16(0))
	}
	f.Fuzz(func(t *testing.T, frame []byte, mtu uint16) {
		p, proto, ok := parse(frame)
		if !ok {
			t.Skip()
		}
		q, ok := Tunneled(p, proto)
		if !ok {
			t.Skip()
		}
		Relay(p, &q, q.Tuple.Dst, int(mtu))
		again, proto, ok := parse(p.Bytes())
		if !ok || again.Len() != p.Len() || again.L3 != p.L3 || again.L4 != p.L4 || !ChecksumOK(p) || p.Len()-int(p.L3) > maxError6 {
			t.Fatalf("Relay gives %x of %x", p.Bytes(), frame)
		}
		if about, ok := Related(again, proto); !ok || about.Tuple != q.Tuple {
			t.Errorf("Related() = %v, %t, want %v", about.Tuple, ok, q.Tuple)
		}
	})
}
