package encap

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The headers that other software sent on behalf of 198.51.100.7 and 2001:db8::7,
// port 4242, all addresses on lo: HAProxy 2.6.12 with
//
//	listen four
//	  bind 192.0.2.1:80                                # six: [2001:db8:1::1]:80
//	  server s 203.0.113.9:8080 send-proxy-v2
//
// what "socat -u TCP4-LISTEN:8080,bind=203.0.113.9 - | xxd -p" had before its
// payload, and dnsdist 1.7.3 with
//
//	setLocal("192.0.2.1:53") addLocal("[2001:db8:1::1]:53")
//	newServer({address="203.0.113.9:5353", useProxyProtocol=true})
//
// what a UDP socket there received before the query.
const (
	haproxy4 = "0d0a0d0a000d0a515549540a" + "2111000c" + "c6336407c0000201" + "10920050"
	haproxy6 = "0d0a0d0a000d0a515549540a" + "21210024" + "20010db8000000000000000000000007" + "20010db8000100000000000000000001" + "10920050"
	dnsdist4 = "0d0a0d0a000d0a515549540a" + "2112000c" + "c6336407c0000201" + "10920035"
	dnsdist6 = "0d0a0d0a000d0a515549540a" + "21220024" + "20010db8000000000000000000000007" + "20010db8000100000000000000000001" + "10920035"
)

func TestAppendProxyV2AsOthersDo(t *testing.T) {
	tests := map[string]struct {
		proto           lvs.Protocol
		client, virtual string
		want            string
	}{
		"TCP over IPv4": {lvs.TCP, client4, "192.0.2.1:80", haproxy4},
		"TCP over IPv6": {lvs.TCP, client6, "[2001:db8:1::1]:80", haproxy6},
		"UDP over IPv4": {lvs.UDP, client4, "192.0.2.1:53", dnsdist4},
		"UDP over IPv6": {lvs.UDP, client6, "[2001:db8:1::1]:53", dnsdist6},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client, port := endpoint(tt.client)
			virtual, virtualPort := endpoint(tt.virtual)
			got := AppendProxyV2([]byte{0xa5}, tt.proto, client, port, virtual, virtualPort)
			if want := "a5" + tt.want; hex.EncodeToString(got) != want {
				t.Errorf("AppendProxyV2() = %x, want %s", got, want)
			}
			if n := len(got) - 1; n != ProxyV2Size(client) || n > MaxProxyV2 {
				t.Errorf("ProxyV2Size() = %d, want %d", ProxyV2Size(client), n)
			}
		})
	}
}

// TestInsertProxyAsScapyDoes holds packets with a header against those made by
// scapy 2.5.0. Each row is e/i(L, R)/l/payload before and e/i(L, R)/l/(header+payload)
// after, with e, i and l as in TestScapyFullNAT.
func TestInsertProxyAsScapyDoes(t *testing.T) {
	const (
		ether4 = "0200000000020200000000010800"
		ether6 = "02000000000202000000000186dd"
		addrs4 = "cb007101cb007109"
		addrs6 = "20010db800020000000000000000000120010db8000200000000000000000009"
		tcp    = "13881f90" + "0000000100000001" + "5018ffff"
		get    = "474554202f"
		who    = "77686f206973207468657265"
	)
	tests := map[string]struct{ text, in, want string }{
		"TCP over IPv4": { // tcp(5000, 8080)
			haproxy4,
			ether4 + "4500002d000040004006c2bf" + addrs4 + tcp + "3a3c0000" + get,
			ether4 + "45000049000040004006c2a3" + addrs4 + tcp + "4e1e0000" + haproxy4 + get,
		},
		"TCP over IPv6": { // tcp(5000, 8080)
			haproxy6,
			ether6 + "6000000000190640" + addrs6 + tcp + "56c80000" + get,
			ether6 + "60000000004d0640" + addrs6 + tcp + "fb2b0000" + haproxy6 + get,
		},
		"UDP over IPv4": { // udp(5000, 5353)
			dnsdist4,
			ether4 + "45000028000040004011c2b9" + addrs4 + "138814e90014140e" + who,
			ether4 + "45000044000040004011c29d" + addrs4 + "138814e9003027ee" + dnsdist4 + who,
		},
		"UDP over IPv6": { // udp(5000, 5353)
			dnsdist6,
			ether6 + "6000000000141140" + addrs6 + "138814e90014309a" + who,
			ether6 + "6000000000481140" + addrs6 + "138814e90048d4e3" + dnsdist6 + who,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := packetOf(t, unhex(t, tt.in))
			if !InsertProxy(p, unhex(t, tt.text)) {
				t.Fatal("InsertProxy() = false")
			}
			wantFrame(t, p, unhex(t, tt.want))
		})
	}
}

func TestInsertProxyIsWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := rapid.SampledFrom(families()).Draw(rt, "family")
		payload := string(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "payload"))
		text := rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(rt, "half of the text")
		text = append(text, text...)
		b := udp
		if rapid.Bool().Draw(rt, "TCP") {
			b = func(payload string) build { return tcp(header.FlagACK, payload) }
		}
		in, want := b(payload)(e[0], e[1]), b(string(text)+payload)(e[0], e[1])
		sum := packet.Partial{}
		if rapid.Bool().Draw(rt, "unfinished") {
			in, want, sum = packettest.Unfinished(in), packettest.Unfinished(want), packettest.Partial(in)
		}
		p := packetOf(t, in)
		p.Sum = sum
		known := *p
		if !InsertProxy(p, text) || !bytes.Equal(p.Bytes(), want) {
			rt.Fatalf("InsertProxy gives %x, want %x", p.Bytes(), want)
		}
		if p.L3 != known.L3 || p.L4 != known.L4 || p.Sum != known.Sum {
			rt.Fatalf("InsertProxy leaves %+v of %+v", p, known)
		}
	})
}

func TestInsertProxyOfUDPChecksums(t *testing.T) {
	text := unhex(t, dnsdist4)
	t.Run("missing", func(t *testing.T) {
		p := packetOf(t, withoutChecksum(udp("odd"))(client4, real4))
		InsertProxy(p, text)
		wantFrame(t, p, withoutChecksum(udp(string(text)+"odd"))(client4, real4))
	})
	t.Run("zero", func(t *testing.T) {
		sum := header.UDP(packettest.Transport(udp(string(text)+"\x00\x00")(client4, real4))).Checksum()
		word := string([]byte{byte(sum >> 8), byte(sum)}) // with it all adds up to 0xffff
		p := packetOf(t, udp(word)(client4, real4))
		InsertProxy(p, text)
		wantFrame(t, p, udp(string(text)+word)(client4, real4))
		if sum := header.UDP(p.Bytes()[p.L4:]).Checksum(); sum != 0xffff {
			t.Errorf("checksum = %#04x, want 0xffff", sum)
		}
	})
	t.Run("of a datagram that ends early", func(t *testing.T) {
		p := packetOf(t, endsEarly(client4, real4))
		InsertProxy(p, text)
		if d, ok := header.ParseUDP(p.Bytes()[p.L4:]); !ok || string(d.Payload()) != string(text)+"payload" {
			t.Errorf("datagram is %q", d)
		}
		p.Truncate(p.Len() - 5)
		resize(p.Bytes()[p.L3:], -5)
		wantFrame(t, p, udp(string(text)+"payload")(client4, real4))
	})
}

// TestInsertProxyInASuperFrame has the header be part of the first segment.
func TestInsertProxyInASuperFrame(t *testing.T) {
	text, gso := unhex(t, haproxy4), packet.GSO{Kind: packet.GSOTCP4, Size: 1400}
	payload := strings.Repeat("x", 20_000)
	p := packetOf(t, tcp(header.FlagACK, payload)(local4, real4))
	p.GSO = gso
	if !InsertProxy(p, text) || p.GSO != gso {
		t.Errorf("InsertProxy leaves %+v", p.GSO)
	}
	wantFrame(t, p, tcp(header.FlagACK, string(text)+payload)(local4, real4))
}

func TestInsertProxyRefuses(t *testing.T) {
	get, query := tcp(header.FlagACK, "GET /")(client4, virtual4), udp("who is there")(client4, virtual4)
	segments := packetOf(t, query)
	segments.GSO = packet.GSO{Kind: packet.GSOUDP, Size: 3}
	text := unhex(t, haproxy4)
	for name, tt := range map[string]struct {
		p    *packet.Packet
		text []byte
	}{
		"a text of odd length":            {packetOf(t, get), text[1:]},
		"one byte too little headroom":    {cramped(t, get, len(text)-1), text},
		"no headroom for a datagram":      {cramped(t, query, len(text)-1), text},
		"one byte too long for IPv4":      {packetOf(t, udp(strings.Repeat("x", 65535-28-len(text)+1))(client4, virtual4)), text},
		"a GSO frame of datagrams":        {segments, text},
		"ICMP":                            {packetOf(t, packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 1, "ping")), text},
		"a first fragment":                {unchecked(packettest.Fragments(query, 16, 9)[0]), text},
		"a last fragment":                 {unchecked(packettest.Fragments(query, 16, 9)[1]), text},
		"a datagram longer than its rest": {unchecked(packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoUDP, []byte{0, 1, 0, 2, 0, 9, 0, 0})), text},
	} {
		t.Run(name, func(t *testing.T) {
			refuses(t, tt.p, func() bool { return InsertProxy(tt.p, tt.text) })
		})
	}
}

func BenchmarkInsertProxy(b *testing.B) {
	client, port := endpoint(client4)
	virtual, virtualPort := endpoint(virtual4)
	for name, build := range map[string]build{"TCP": tcp(header.FlagACK, strings.Repeat("x", 1400)), "UDP": udp(strings.Repeat("x", 1400))} {
		b.Run(name, func(b *testing.B) {
			frame := build(local4, real4)
			p, proto := mustParse(b, frame)
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				var text [MaxProxyV2]byte
				if !InsertProxy(p, AppendProxyV2(text[:0], proto, client, port, virtual, virtualPort)) {
					b.Fatal("InsertProxy() = false")
				}
				l3, l4 := p.L3, p.L4
				p.Pull(p.Len() - len(frame))
				copy(p.Bytes(), frame[:100])
				p.L3, p.L4 = l3, l4
			}
		})
	}
}
