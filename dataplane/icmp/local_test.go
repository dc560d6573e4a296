package icmp

import (
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A local endpoint of the director in each family.
const local4, local6 = "203.0.113.2:5000", "[2001:db8:2::2]:5000"

// TestTranslateOfLocalAsScapyDoes is TestTranslateAsScapyDoes for connections in
// which the real server knows the client by a local address. The checksum of the
// quoted segment, 0xbeef, is left alone. After
//
//	L4, L6 = '203.0.113.2', '2001:db8:2::2'
//	tcp = lambda s, d: TCP(sport=s, dport=d, seq=0x01020304, ack=1, flags='A', window=65535, chksum=0xbeef)/'odd'
func TestTranslateOfLocalAsScapyDoes(t *testing.T) {
	const (
		outer4 = "02000000000202000000000108004500004700004000"
		inner4 = "4500002b000040004006"
		outer6 = "02000000000202000000000186dd6000000000473a40"
		inner6 = "6000000000170640"
		tcp    = "01020304000000015010ffffbeef00006f6464"
		c4     = "c6336407"
		v4     = "c0000201"
		l4     = "cb007102"
		r4     = "cb007109"
		w4     = "cb007101"
		c6     = "20010db8000000000000000000000007"
		v6     = "20010db8000100000000000000000001"
		l6     = "20010db8000200000000000000000002"
		r6     = "20010db8000200000000000000000009"
		w6     = "20010db8000300000000000000000001"
	)
	tests := map[string]struct {
		translate     localTranslation
		first, second string
		in, want      string
	}{
		"IPv4, to the real server": { // e/i4(W4, V4)/m4/i4(V4, C4)/tcp(53, 4242), e/i4(L4, R4)/m4/i4(R4, L4)/tcp(5353, 5000)
			translate: ToRealFrom, first: local4, second: real4,
			in:   outer4 + "40013cb3" + w4 + v4 + "0304005100000578" + inner4 + "4e91" + v4 + c4 + "00351092" + tcp,
			want: outer4 + "4001c2a9" + l4 + r4 + "0304e8a600000578" + inner4 + "c2c0" + r4 + l4 + "14e91388" + tcp,
		},
		"IPv4, to the client": { // e/i4(W4, L4)/m4/i4(L4, R4)/tcp(5000, 5353), e/i4(V4, C4)/m4/i4(C4, V4)/tcp(4242, 53)
			translate: ToClientAt, first: client4, second: virtual4,
			in:   outer4 + "4001c2b1" + w4 + l4 + "0304e8a600000578" + inner4 + "c2c0" + l4 + r4 + "138814e9" + tcp,
			want: outer4 + "40014e7a" + v4 + c4 + "0304005100000578" + inner4 + "4e91" + c4 + v4 + "10920035" + tcp,
		},
		"IPv6, to the real server": { // e/i6(W6, V6)/m6/i6(V6, C6)/tcp(53, 4242), e/i6(L6, R6)/m6/i6(R6, L6)/tcp(5353, 5000)
			translate: ToRealFrom, first: local6, second: real6,
			in:   outer6 + w6 + v6 + "0200e38800000578" + inner6 + v6 + c6 + "00351092" + tcp,
			want: outer6 + l6 + r6 + "0200cbcf00000578" + inner6 + r6 + l6 + "14e91388" + tcp,
		},
		"IPv6, to the client": { // e/i6(W6, L6)/m6/i6(L6, R6)/tcp(5000, 5353), e/i6(V6, C6)/m6/i6(C6, V6)/tcp(4242, 53)
			translate: ToClientAt, first: client6, second: virtual6,
			in:   outer6 + w6 + l6 + "0200cbd600000578" + inner6 + l6 + r6 + "138814e9" + tcp,
			want: outer6 + v6 + c6 + "0200e38500000578" + inner6 + c6 + v6 + "10920035" + tcp,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			wantFrame(t, locallyTranslated(t, unhex(t, tt.in), tt.translate, tt.first, tt.second), unhex(t, tt.want))
		})
	}
}

// A localTranslation is ToRealFrom or ToClientAt.
type localTranslation func(*packet.Packet, *Quote, lvs.Addr, uint16, lvs.Addr, uint16)

// locallyTranslated is translated for two endpoints.
func locallyTranslated(t *testing.T, frame []byte, f localTranslation, first, second string) *packet.Packet {
	t.Helper()
	return translated(t, frame, func(p *packet.Packet, q *Quote, a lvs.Addr, port uint16) {
		b, portOfB := endpoint(second)
		f(p, q, a, port, b, portOfB)
	}, first)
}

// TestTranslateOfLocal is TestTranslate for connections with a local address.
func TestTranslateOfLocal(t *testing.T) {
	host := func(endpoint string) string { return netip.MustParseAddrPort(endpoint).Addr().String() }
	for name, b := range map[string]build{
		"UDP":                 func(s, d string) []byte { return packettest.UDP(s, d, "odd") },
		"TCP":                 func(s, d string) []byte { return packettest.TCP(s, d, header.FlagACK, "GET / HTTP/1.1") },
		"more than is quoted": func(s, d string) []byte { return packettest.UDP(s, d, string(make([]byte, 1400))) },
		"a first fragment": func(s, d string) []byte {
			return packettest.Fragments(packettest.UDP(s, d, "sixteen bytes of"), 16, 9)[0]
		},
	} {
		for over, e := range map[string][4]string{
			"IPv4": {client4, virtual4, local4, real4}, "IPv6": {client6, virtual6, local6, real6},
		} {
			t.Run(name+" over "+over, func(t *testing.T) {
				client, virtual, local, server := e[0], e[1], e[2], e[3]
				answer := b(virtual, client)
				want := unreachableFrom(host(local), withChecksumOf(b(server, local), answer))
				wantFrame(t, locallyTranslated(t, unreachable(answer), ToRealFrom, local, server), want)

				forwarded := b(local, server)
				want = unreachableFrom(host(virtual), withChecksumOf(b(client, virtual), forwarded))
				wantFrame(t, locallyTranslated(t, unreachable(forwarded), ToClientAt, client, virtual), want)
			})
		}
	}
}

func TestSeq(t *testing.T) {
	tcp4 := packettest.TCP(client4, virtual4, header.FlagACK, "odd")
	tcp6 := packettest.TCP(client6, virtual6, header.FlagACK, "odd")
	query4, _ := queries("odd")
	short := func(n int) []byte {
		return packettest.ICMP(router4, "198.51.100.7", 3, 1, 0, string(packettest.Network(tcp4)[:n]))
	}
	tests := map[string]struct {
		in []byte
		ok bool
	}{
		"TCP":            {unreachable(tcp4), true},
		"TCP over IPv6":  {unreachable(tcp6), true},
		"behind options": {unreachable(withOptions(tcp4)), true},
		"eight bytes":    {short(28), true},
		"seven bytes":    {short(27), false},
		"ports alone":    {short(24), false},
		"UDP":            {unreachable(query4), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.in)
			q, ok := Related(p, proto)
			if !ok {
				t.Fatal("Related() = false")
			}
			seq, ok := q.Seq(p)
			if ok != tt.ok || ok && seq != 1 {
				t.Fatalf("Seq() = %d, %t, want 1, %t", seq, ok, tt.ok)
			}
			if !ok {
				return
			}
			q.SetSeq(p, 0xfedcba98)
			if got, _ := q.Seq(p); got != 0xfedcba98 {
				t.Errorf("Seq() = %#x after SetSeq", got)
			}
		})
	}
}

func TestLowerMTU(t *testing.T) {
	query4, query6 := queries("odd")
	tests := map[string]struct {
		in   []byte
		n    int
		want int
	}{
		"IPv4":                       {packettest.ICMPError(router4, 3, 4, 1400, query4), 28, 1372},
		"IPv6":                       {packettest.ICMPError(router6, 2, 0, 1400, query6), 52, 1348},
		"nothing to take off":        {packettest.ICMPError(router4, 3, 4, 1400, query4), 0, 1400},
		"below what all links take":  {packettest.ICMPError(router4, 3, 4, 80, query4), 28, 68},
		"IPv6, below that":           {packettest.ICMPError(router6, 2, 0, 1300, query6), 52, 1280},
		"lower already":              {packettest.ICMPError(router6, 2, 0, 1000, query6), 52, 1000},
		"an old router's, without":   {packettest.ICMPError(router4, 3, 4, 0, query4), 28, 0},
		"unreachable by IPv4":        {packettest.ICMPError(router4, 3, 1, 1400, query4), 28, 1400},
		"unreachable by IPv6":        {packettest.ICMPError(router6, 1, 4, 1400, query6), 52, 1400},
		"type 2 of IPv4, as of IPv6": {packettest.ICMPError(router4, 2, 0, 1400, query4), 28, 1400},
		"type 3 of IPv6, as of IPv4": {packettest.ICMPError(router6, 3, 4, 1400, query6), 52, 1400},
		"no end of it":               {packettest.ICMPError(router6, 2, 0, 1<<32-1, query6), 52, 1<<32 - 53},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, tt.in)
			LowerMTU(p, tt.n)
			if got := int(header.ICMP(p.Bytes()[p.L4:]).Rest()); got != tt.want {
				t.Errorf("LowerMTU() makes it %d, want %d", got, tt.want)
			}
		})
	}
}
