package icmp

import (
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The ends of tunnels in these tests: the director and a real server.
const (
	director4, server4 = "203.0.113.130", "203.0.113.9"
	director6, server6 = "2001:db8:2::1", "2001:db8:2::9"
)

// The headers between those of IP, around IPv4 but for the last two: GUE to
// port 6080 without options, with two words of them, and with remcsum.
var (
	gre        = []byte{0, 0, 8, 0}
	greCsum    = []byte{0x80, 0, 8, 0, 0xab, 0xcd, 0, 0}
	gue        = []byte{0x9c, 0x40, 0x17, 0xc0, 0, 99, 0, 0, 0, 4, 0, 0}
	gueOptions = []byte{0x9c, 0x40, 0x17, 0xc0, 0, 99, 0, 0, 2, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}
	gueRemcsum = []byte{0x9c, 0x40, 0x17, 0xc0, 0, 99, 0, 0, 2, 4, 0, 1, 0x80, 0, 0, 0, 0, 20, 0, 26}
	gre6       = []byte{0, 0, 0x86, 0xdd}
	gue6       = []byte{0x9c, 0x40, 0x17, 0xc0, 0, 99, 0, 0, 0, 41, 0, 0}
)

// wrap4 returns a frame with frame's packet in a tunnel over IPv4. What is
// between tells the protocol: with nothing it is that of packets in packets.
func wrap4(between, frame []byte) []byte { return wrap(director4, server4, between, frame) }

// wrap6 is wrap4 over IPv6.
func wrap6(between, frame []byte) []byte { return wrap(director6, server6, between, frame) }

func wrap(from, to string, between, frame []byte) []byte {
	proto := header.ProtoIPv6
	switch {
	case len(between) > 8:
		proto = header.ProtoUDP
	case len(between) > 0:
		proto = header.ProtoGRE
	case isIPv4(frame):
		proto = header.ProtoIPIP
	}
	return packettest.IP(from, to, proto, slices.Concat(between, packettest.Network(frame)))
}

// big returns an error about frame: the next hop takes 1400 bytes.
func big(frame []byte) []byte {
	if isIPv4(frame) {
		return packettest.ICMPError(router4, 3, 4, 1400, frame)
	}
	return packettest.ICMPError(router6, 2, 0, 1400, frame)
}

func TestTunneled(t *testing.T) {
	query4, query6 := queries("who is there")
	server := func(typ lvs.TunnelType, port uint16, overhead int) TunnelQuote {
		return TunnelQuote{Destination: addr(server4), Type: typ, Port: port, Overhead: overhead, Kind: TooBig, MTU: 1400, DF: true}
	}
	over6 := func(q TunnelQuote) TunnelQuote {
		q.Destination = addr(server6)
		return q
	}
	unfragmented := func(q TunnelQuote) TunnelQuote {
		q.DF = false
		return q
	}
	fragments := packettest.Fragments(packettest.UDP(client4, virtual4, "in two fragments"), 16, 9)
	ipip, gue20 := server(lvs.TunnelIPIP, 0, 20), server(lvs.TunnelGUE, 6080, 20+20)
	tests := map[string]struct {
		in   []byte
		want TunnelQuote
	}{
		"IPIP":                       {big(wrap4(nil, query4)), ipip},
		"GRE":                        {big(wrap4(gre, query4)), server(lvs.TunnelGRE, 0, 20+4)},
		"GRE with checksum":          {big(wrap4(greCsum, query4)), server(lvs.TunnelGRE, 0, 20+8)},
		"GUE":                        {big(wrap4(gue, query4)), server(lvs.TunnelGUE, 6080, 20+12)},
		"GUE with options":           {big(wrap4(gueOptions, query4)), gue20},
		"GUE with remcsum":           {big(wrap4(gueRemcsum, query4)), gue20},
		"IPIP, 6 in 4":               {big(wrap4(nil, query6)), ipip},
		"GRE, 6 in 4":                {big(wrap4(gre6, query6)), server(lvs.TunnelGRE, 0, 20+4)},
		"GUE, 6 in 4":                {big(wrap4(gue6, query6)), server(lvs.TunnelGUE, 6080, 20+12)},
		"IPIP, 6 in 6":               {big(wrap6(nil, query6)), over6(server(lvs.TunnelIPIP, 0, 40))},
		"GRE, 6 in 6":                {big(wrap6(gre6, query6)), over6(server(lvs.TunnelGRE, 0, 40+4))},
		"GUE, 6 in 6":                {big(wrap6(gue6, query6)), over6(server(lvs.TunnelGUE, 6080, 40+12))},
		"IPIP, 4 in 6":               {big(wrap6(nil, query4)), over6(server(lvs.TunnelIPIP, 0, 40))},
		"GRE, 4 in 6":                {big(wrap6(greCsum, query4)), over6(server(lvs.TunnelGRE, 0, 40+8))},
		"GUE, 4 in 6":                {big(wrap6(gueRemcsum, query4)), over6(server(lvs.TunnelGUE, 6080, 40+20))},
		"tagged":                     {packettest.VLAN(big(wrap4(nil, query4)), 200, 100), ipip},
		"options of the error":       {withOptions(big(wrap4(nil, query4))), ipip},
		"options of the tunnel":      {big(withOptions(wrap4(nil, query4))), server(lvs.TunnelIPIP, 0, 24)},
		"extension of the tunnel":    {big(withExtension(wrap6(nil, query6))), over6(server(lvs.TunnelIPIP, 0, 48))},
		"options of the client":      {big(wrap4(nil, withOptions(query4))), ipip},
		"extension of the client":    {big(wrap4(nil, withExtension(query6))), ipip},
		"first fragment of a tunnel": {big(packettest.Fragments(wrap4(nil, query4), 24, 9)[0]), ipip},
		"first fragment, IPv6":       {big(packettest.Fragments(wrap6(nil, query6), 48, 9)[0]), over6(server(lvs.TunnelIPIP, 0, 48))},
		"first fragment of a client": {big(wrap4(nil, fragments[0])), unfragmented(ipip)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.in)
			q, ok := Tunneled(p, proto)
			want := lvs.Tuple{Src: addr("198.51.100.7"), Dst: addr("192.0.2.1"), SrcPort: 4242, DstPort: 53, Proto: lvs.UDP}
			if !q.Tuple.Src.Is4() {
				want.Src, want.Dst = addr("2001:db8::7"), addr("2001:db8:1::1")
			}
			if !ok || q.Tuple != want {
				t.Errorf("Tunneled() = %v, %t, want %v", q.Tuple, ok, want)
			}
			q.Quote, q.end = Quote{}, 0
			if q != tt.want {
				t.Errorf("Tunneled() = %+v, want %+v", q, tt.want)
			}
			wantFrame(t, p, tt.in)
		})
	}
}

// TestTunneledRefuses has errors that are about no tunnel, or tell too little.
func TestTunneledRefuses(t *testing.T) {
	query4, query6 := queries("who is there")
	with := func(between []byte, at int, b byte) []byte {
		between = slices.Clone(between)
		between[at] = b
		return between
	}
	later := packettest.Fragments(packettest.UDP(client4, virtual4, "in two fragments"), 16, 9)[1]
	tests := map[string][]byte{
		"not in a tunnel":             big(query4),
		"not in a tunnel, IPv6":       big(query6),
		"another protocol":            big(packettest.SCTP(client4, virtual4)),
		"an echo request":             packettest.ICMP(router4, director4, 8, 0, 7, string(packettest.Network(wrap4(nil, query4)))),
		"nothing":                     packettest.ICMP(router4, director4, 3, 4, 1400, ""),
		"IPv6 in ICMP":                packettest.ICMP(router4, director4, 3, 4, 1400, string(packettest.Network(wrap6(nil, query6)))),
		"IPv4 in ICMPv6":              packettest.ICMP(router6, director6, 2, 0, 1400, string(packettest.Network(wrap4(nil, query4)))),
		"later fragment":              big(packettest.Fragments(wrap4(nil, query4), 24, 9)[1]),
		"later fragment, IPv6":        big(packettest.Fragments(wrap6(nil, query6), 24, 9)[1]),
		"GRE with a key":              big(wrap4(with(greCsum, 0, 0x20), query4)),
		"GRE with a sequence number":  big(wrap4(with(greCsum, 0, 0x90), query4)),
		"GRE, version 1":              big(wrap4(with(gre, 1, 1), query4)),
		"GRE around Ethernet":         big(wrap4([]byte{0, 0, 0x65, 0x58}, query4)),
		"GUE control message":         big(wrap4(with(gue, 8, 0x20), query4)),
		"GUE, version 1":              big(wrap4(with(gue, 8, 0x40), query4)),
		"GUE, unknown flags":          big(wrap4(with(gue, 10, 0x80), query4)),
		"GUE around TCP":              big(wrap4(with(gue, 9, 6), query4)),
		"GUE options past the end":    big(wrap4(with(gue, 8, 0x1f), query4)),
		"IPv6 said to be IPv4":        big(wrap4(gue, query6)),
		"IPv4 said to be IPv6":        big(wrap4(gre6, query4)),
		"client's later fragment":     big(wrap4(nil, later)),
		"client's echo request":       big(wrap4(nil, packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 7, ""))),
		"a tunnel in a tunnel":        big(wrap4(nil, wrap4(nil, query4))),
		"IPv4-mapped client":          big(wrap4(nil, packettest.UDP("[::ffff:198.51.100.7]:4242", virtual6, ""))),
		"source quench, 6 in 4":       packettest.ICMPError(router4, 4, 0, 0, wrap4(nil, query6)),
		"parameter problem":           packettest.ICMPError(router4, 12, 0, 0, wrap4(nil, query4)),
		"parameter problem, IPv6":     packettest.ICMPError(router6, 4, 0, 0, wrap6(nil, query6)),
		"a query's type, IPv6":        packettest.ICMPError(router6, 128, 0, 0, wrap6(nil, query6)),
		"type 0 of IPv6":              packettest.ICMPError(router6, 0, 0, 0, wrap6(nil, query6)),
		"quote ends before the ports": packettest.ICMPError(router4, 3, 1, 10<<16, wrap4(nil, query4)),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, in)
			if q, ok := Tunneled(p, proto); ok {
				t.Errorf("Tunneled() = %+v", q)
			}
			wantFrame(t, p, in)
			p.L4 = 0
			if q, ok := Tunneled(p, proto); ok {
				t.Errorf("Tunneled() = %+v of a fragment", q)
			}
		})
	}
}

// TestTunneledOfOtherProtocols has an error that is said to be something else.
func TestTunneledOfOtherProtocols(t *testing.T) {
	query4, _ := queries("")
	p, _ := mustParse(t, big(wrap4(nil, query4)))
	for _, proto := range []lvs.Protocol{lvs.ICMPv6, lvs.UDP, lvs.IP} {
		if q, ok := Tunneled(p, proto); ok {
			t.Errorf("Tunneled(%v) = %+v", proto, q)
		}
	}
}

// TestTunneledOfTruncatedQuotes cuts errors at every length: all headers and
// both ports of the client are needed, which is more than the 28 bytes that some
// routers quote.
func TestTunneledOfTruncatedQuotes(t *testing.T) {
	query4, query6 := queries("who is there")
	for name, tt := range map[string]struct {
		in   []byte
		need int // bytes of the quoted packet
	}{
		"IPIP":               {wrap4(nil, query4), 20 + 20 + 4},
		"GRE":                {wrap4(greCsum, query4), 20 + 8 + 20 + 4},
		"GUE":                {wrap4(gueOptions, query4), 20 + 8 + 12 + 20 + 4},
		"IPIP, 6 in 4":       {wrap4(nil, query6), 20 + 40 + 4},
		"IPIP, 6 in 6":       {wrap6(nil, query6), 40 + 40 + 4},
		"GUE, 4 in 6":        {wrap6(gue, withOptions(query4)), 40 + 12 + 24 + 4},
		"ESP in GRE":         {wrap4(gre, packettest.ESP("198.51.100.7", "192.0.2.1", 7, "secret")), 20 + 4 + 20},
		"IPIP, an extension": {wrap6(nil, withExtension(query6)), 40 + 48 + 4},
	} {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, big(tt.in))
			need := int(p.L4) + header.ICMPSize + tt.need
			for n := p.Len(); n >= int(p.L4); n-- {
				p.Truncate(n)
				q, ok := Tunneled(p, proto)
				if ok != (n >= need) || ok && q.end != n {
					t.Errorf("%d bytes: Tunneled() = %+v, %t, want %t", n, q, ok, n >= need)
				}
			}
		})
	}
}
