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

// The director's local endpoint of each family, that real servers talk to.
const (
	local4 = "203.0.113.1:5000"
	local6 = "[2001:db8:2::1]:5000"
)

// A path is a connection's endpoints: of the client's packets before and after.
type path struct{ client, virtual, local, real string }

// paths are the connections within the families.
func paths() map[string]path {
	return map[string]path{
		"IPv4": {client4, virtual4, local4, real4},
		"IPv6": {client6, virtual6, local6, real6},
	}
}

func TestFullNAT(t *testing.T) {
	all := builds()
	all["SCTP"] = sctp("odd")
	for name, b := range all {
		for over, w := range paths() {
			t.Run(name+" over "+over, func(t *testing.T) {
				p, proto := mustParse(t, b(w.client, w.virtual))
				readdress(p, proto, w.local, w.real)
				wantFrame(t, p, packettest.TTL(b(w.local, w.real), 63))

				p, proto = mustParse(t, b(w.real, w.local))
				readdress(p, proto, w.virtual, w.client)
				wantFrame(t, p, packettest.TTL(b(w.virtual, w.client), 63))
			})
		}
	}
}

// TestFullNATWithoutTransport rewrites the addresses of what has no ports to be
// seen, and nothing behind the IP header.
func TestFullNATWithoutTransport(t *testing.T) {
	ip := func(src, dst string) []byte {
		s, _ := endpoint(src)
		d, _ := endpoint(dst)
		return packettest.IP(s.String(), d.String(), header.ProtoGRE, bytes.Repeat([]byte{0xa5}, 40))
	}
	for name, tt := range map[string]struct {
		proto lvs.Protocol
		l4    bool
	}{
		"a later fragment of TCP": {lvs.TCP, false},
		"a protocol without any":  {lvs.Protocol(header.ProtoGRE), true},
		"ICMP":                    {lvs.ICMP, true},
	} {
		for over, w := range paths() {
			t.Run(name+" over "+over, func(t *testing.T) {
				p, _ := mustParse(t, ip(w.client, w.virtual))
				if !tt.l4 {
					p.L4 = 0
				}
				readdress(p, tt.proto, w.local, w.real)
				wantFrame(t, p, packettest.TTL(ip(w.local, w.real), 63))
			})
		}
	}
}

func TestFullNATOfUDPWithoutChecksum(t *testing.T) {
	for name, b := range map[string]build{"empty": udp(""), "odd": udp("odd"), "ends early": endsEarly} {
		for over, w := range paths() {
			t.Run(name+" over "+over, func(t *testing.T) {
				p, proto := mustParse(t, withoutChecksum(b)(w.client, w.virtual))
				readdress(p, proto, w.local, w.real)
				wantFrame(t, p, packettest.TTL(b(w.local, w.real), 63))
			})
		}
	}
}

// TestFullNATIsWhatBuildingAnewWouldGive also takes what is not finished.
func TestFullNATIsWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		six := rapid.Bool().Draw(rt, "IPv6")
		var e [4]string
		for i, name := range []string{"client", "virtual", "local", "real"} {
			e[i] = drawEndpoint(rt, six, name).String()
		}
		b := drawFrame(rt)
		in, want := b(e[0], e[1]), packettest.TTL(b(e[2], e[3]), 63)
		sum := packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, want, sum = packettest.Unfinished(in), packettest.Unfinished(want), packettest.Partial(in)
		}
		p, proto, _ := parse(in)
		p.Sum = sum
		readdress(p, proto, e[2], e[3])
		if !bytes.Equal(p.Bytes(), want) || p.Sum != sum {
			rt.Fatalf("FullNAT gives %x, %+v, want %x, %+v", p.Bytes(), p.Sum, want, sum)
		}
	})
}

func BenchmarkFullNAT(b *testing.B) {
	missing := withoutChecksum(udp("who is there"))
	for name, bb := range map[string]struct {
		frame []byte
		path  path
	}{
		"TCP over IPv4":       {packettest.TCP(client4, virtual4, header.FlagACK, ""), paths()["IPv4"]},
		"UDP over IPv4":       {packettest.UDP(client4, virtual4, "who is there"), paths()["IPv4"]},
		"UDP over IPv4, none": {missing(client4, virtual4), paths()["IPv4"]},
		"TCP over IPv6":       {packettest.TCP(client6, virtual6, header.FlagACK, ""), paths()["IPv6"]},
	} {
		b.Run(name, func(b *testing.B) {
			p, proto := mustParse(b, bb.frame)
			src, srcPort := endpoint(bb.path.local)
			dst, dstPort := endpoint(bb.path.real)
			at := int(p.L4) + map[lvs.Protocol]int{lvs.TCP: header.TCPChecksumOffset, lvs.UDP: header.UDPChecksumOffset}[proto]
			field := p.Bytes()[at : at+2]
			sum := [2]byte(field)
			b.ReportAllocs()
			b.SetBytes(int64(p.Len()))
			for b.Loop() {
				copy(field, sum[:]) // a missing checksum is missing each time
				FullNAT(p, proto, src, srcPort, dst, dstPort)
			}
		})
	}
}
