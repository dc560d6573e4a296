package encap

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

func BenchmarkNATRequest(b *testing.B) {
	missing := withoutChecksum(udp("who is there"))
	for name, bb := range map[string]struct {
		frame []byte
		to    string
	}{
		"TCP over IPv4":       {packettest.TCP(client4, virtual4, header.FlagACK, ""), real4},
		"UDP over IPv4":       {packettest.UDP(client4, virtual4, "who is there"), real4},
		"UDP over IPv4, none": {missing(client4, virtual4), real4},
		"TCP over IPv6":       {packettest.TCP(client6, virtual6, header.FlagACK, ""), real6},
	} {
		b.Run(name, func(b *testing.B) {
			p, proto := mustParse(b, bb.frame)
			addr, port := endpoint(bb.to)
			at := int(p.L4) + map[lvs.Protocol]int{lvs.TCP: header.TCPChecksumOffset, lvs.UDP: header.UDPChecksumOffset}[proto]
			field := p.Bytes()[at : at+2]
			sum := [2]byte(field)
			b.ReportAllocs()
			b.SetBytes(int64(p.Len()))
			for b.Loop() {
				copy(field, sum[:]) // a missing checksum is missing each time
				NATRequest(p, proto, addr, port)
			}
		})
	}
}

func BenchmarkNATOfSCTP(b *testing.B) {
	p, proto := mustParse(b, sctp(string(make([]byte, 1400)))(client4, virtual4))
	addr, port := endpoint(real4)
	b.ReportAllocs()
	b.SetBytes(int64(p.Len()))
	for b.Loop() {
		port ^= 1 // the same port would leave nothing to compute
		NATRequest(p, proto, addr, port)
	}
}

func BenchmarkDirectRouting(b *testing.B) {
	for name, frame := range map[string][]byte{
		"IPv4": packettest.UDP(client4, virtual4, "who is there"),
		"IPv6": packettest.UDP(client6, virtual6, "who is there"),
	} {
		b.Run(name, func(b *testing.B) {
			p, _ := mustParse(b, frame)
			b.ReportAllocs()
			b.SetBytes(int64(p.Len()))
			for b.Loop() {
				DirectRouting(p)
			}
		})
	}
}
