package icmp

import (
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// unreachable returns an error from a router about the packet in frame.
func unreachable(frame []byte) []byte {
	if isIPv4(frame) {
		return unreachableFrom(router4, frame)
	}
	return unreachableFrom(router6, frame)
}

// unreachableFrom is unreachable for an error from src.
func unreachableFrom(src string, frame []byte) []byte {
	if isIPv4(frame) {
		return packettest.ICMPError(src, header.ICMPDstUnreachable, header.ICMPHostUnreachable, 0, frame)
	}
	return packettest.ICMPError(src, header.ICMPv6DstUnreachable, header.ICMPv6AddressUnreachable, 0, frame)
}

func isIPv4(frame []byte) bool { return packettest.Network(frame)[0]>>4 == 4 }

// withOptions returns a copy of an untagged IPv4 frame with four bytes of options.
func withOptions(frame []byte) []byte {
	f := slices.Insert(slices.Clone(frame), header.EthernetSize+header.IPv4Size, 1, 1, 1, 1)
	h := header.IPv4(packettest.Network(f))
	h.SetHeaderLen(header.IPv4Size + 4)
	h.SetTotalLen(len(h))
	return packettest.Finish(f)
}

// withExtension returns a copy of an untagged IPv6 frame with a hop-by-hop
// header that is all padding (RFC 8200, section 4.2).
func withExtension(frame []byte) []byte {
	h := header.IPv6(packettest.Network(frame))
	at := header.EthernetSize + header.IPv6Size
	f := slices.Insert(slices.Clone(frame), at, h.NextHeader(), 0, 1, 4, 0, 0, 0, 0)
	h = header.IPv6(packettest.Network(f))
	h.SetNextHeader(0)
	h.SetPayloadLen(len(h) - header.IPv6Size)
	return f
}

// tuple returns the tuple of a packet from src to dst.
func tuple(proto lvs.Protocol, src, dst string) lvs.Tuple {
	s, sp := endpoint(src)
	d, dp := endpoint(dst)
	return lvs.Tuple{Src: s, Dst: d, SrcPort: sp, DstPort: dp, Proto: proto}
}

func TestRelated(t *testing.T) {
	query4, query6 := queries("sixteen bytes of")
	udp4, udp6 := tuple(lvs.UDP, client4, virtual4), tuple(lvs.UDP, client6, virtual6)
	fragments4, fragments6 := packettest.Fragments(query4, 16, 9), packettest.Fragments(query6, 16, 9)
	const long = "more than a fragment holds"
	ports := []byte{0x10, 0x92, 0, 53, 0, 0, 0, 0}
	sctp4 := packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoSCTP, ports)
	esp4, esp6 := packettest.ESP("198.51.100.7", "192.0.2.1", 7, long), packettest.ESP("2001:db8::7", "2001:db8:1::1", 7, long)
	ah4, ah6 := packettest.AH("198.51.100.7", "192.0.2.1", header.ProtoUDP, 7, ""), packettest.AH("2001:db8::7", "2001:db8:1::1", header.ProtoUDP, 7, "")
	portless4, portless6 := "198.51.100.7:0", "[2001:db8::7]:0"
	gre4 := packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoGRE, ports)
	gre6 := packettest.IP("2001:db8::7", "2001:db8:1::1", header.ProtoGRE, ports)
	tests := map[string]struct {
		in   []byte
		want lvs.Tuple // zero: refused
	}{
		"UDP over IPv4":             {unreachable(query4), udp4},
		"UDP over IPv6":             {unreachable(query6), udp6},
		"TCP over IPv4":             {unreachable(packettest.TCP(client4, virtual4, header.FlagACK, "")), tuple(lvs.TCP, client4, virtual4)},
		"TCP over IPv6":             {unreachable(packettest.TCP(client6, virtual6, header.FlagACK, "")), tuple(lvs.TCP, client6, virtual6)},
		"SCTP":                      {unreachable(sctp4), tuple(lvs.SCTP, client4, virtual4)},
		"ESP":                       {unreachable(esp4), tuple(lvs.ESP, portless4, "192.0.2.1:0")},
		"ESP over IPv6":             {unreachable(esp6), tuple(lvs.ESP, portless6, "[2001:db8:1::1]:0")},
		"ESP, later fragment":       {unreachable(packettest.Fragments(esp4, 16, 9)[1]), tuple(lvs.ESP, portless4, "192.0.2.1:0")},
		"ESP, later IPv6 fragment":  {unreachable(packettest.Fragments(esp6, 16, 9)[1]), tuple(lvs.ESP, portless6, "[2001:db8:1::1]:0")},
		"AH":                        {unreachable(ah4), tuple(lvs.AH, portless4, "192.0.2.1:0")},
		"AH over IPv6":              {unreachable(ah6), tuple(lvs.AH, portless6, "[2001:db8:1::1]:0")},
		"tagged":                    {packettest.VLAN(unreachable(query4), 200, 100), udp4},
		"IPv4 options outside":      {withOptions(unreachable(query4)), udp4},
		"IPv4 options inside":       {unreachable(withOptions(query4)), udp4},
		"IPv6 extension outside":    {withExtension(unreachable(query6)), udp6},
		"IPv6 extension inside":     {unreachable(withExtension(query6)), udp6},
		"first fragment inside":     {unreachable(fragments4[0]), udp4},
		"later fragment inside":     {unreachable(fragments4[1]), lvs.Tuple{}},
		"IPv6 first fragment":       {unreachable(fragments6[0]), udp6},
		"IPv6 later fragment":       {unreachable(fragments6[1]), lvs.Tuple{}},
		"no ports inside":           {unreachable(gre4), lvs.Tuple{}},
		"no ports inside, IPv6":     {unreachable(gre6), lvs.Tuple{}},
		"echo inside":               {unreachable(packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 7, "")), lvs.Tuple{}},
		"error inside":              {unreachable(unreachable(query4)), lvs.Tuple{}},
		"IPv6 inside of ICMP":       {packettest.ICMP(router4, "198.51.100.7", 3, 1, 0, string(packettest.Network(query6))), lvs.Tuple{}},
		"IPv4 inside of ICMPv6":     {packettest.ICMP(router6, "2001:db8::7", 1, 3, 0, string(packettest.Network(query4))), lvs.Tuple{}},
		"nothing inside":            {packettest.ICMP(router4, "198.51.100.7", 3, 1, 0, ""), lvs.Tuple{}},
		"IPv4-mapped source inside": {unreachable(packettest.UDP("[::ffff:198.51.100.7]:4242", virtual6, "")), lvs.Tuple{}},
		"IPv4-mapped destination":   {unreachable(packettest.UDP(client6, "[::ffff:192.0.2.1]:53", "")), lvs.Tuple{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.in)
			q, ok := Related(p, proto)
			if ok != (tt.want != lvs.Tuple{}) || ok && q.Tuple != tt.want {
				t.Errorf("Related() = %v, %t, want %v", q.Tuple, ok, tt.want)
			}
			wantFrame(t, p, tt.in)
		})
	}
}

// TestRelatedOfBrokenQuotes damages the quoted packet's header. Its checksum is
// nobody's concern.
func TestRelatedOfBrokenQuotes(t *testing.T) {
	tests := map[string]struct {
		at    int // in the quoted packet
		value byte
		ok    bool
	}{
		"wrong version":            {0, 0x55, false},
		"header length below 20":   {0, 0x44, false},
		"header longer than quote": {0, 0x4f, false},
		"total length below 20":    {3, 19, false},
		"wrong checksum":           {10, 0xff, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			query4, _ := queries("")
			query4[header.EthernetSize+tt.at] = tt.value
			p, proto := mustParse(t, packettest.ICMP(router4, "198.51.100.7", 3, 1, 0, string(query4[header.EthernetSize:])))
			if q, ok := Related(p, proto); ok != tt.ok {
				t.Errorf("Related() = %v, %t, want %t", q.Tuple, ok, tt.ok)
			}
		})
	}
}

// TestRelatedByType goes through all types: IPVS has only some for related (IP
// 3, 4 and 11; IPv6 all errors).
func TestRelatedByType(t *testing.T) {
	query4, query6 := queries("")
	for typ := range 256 {
		typ := uint8(typ)
		p, proto := mustParse(t, packettest.ICMPError(router4, typ, 0, 0, query4))
		if _, ok := Related(p, proto); ok != (typ == 3 || typ == 4 || typ == 11) {
			t.Errorf("ICMP type %d: Related() = %t", typ, ok)
		}
		if _, ok := Related(p, lvs.ICMPv6); ok {
			t.Errorf("ICMP type %d: Related() = true as ICMPv6", typ)
		}
		p, proto = mustParse(t, packettest.ICMPError(router6, typ, 0, 0, query6))
		if _, ok := Related(p, proto); ok != (typ < 128) {
			t.Errorf("ICMPv6 type %d: Related() = %t", typ, ok)
		}
		if _, ok := Related(p, lvs.UDP); ok {
			t.Errorf("ICMPv6 type %d: Related() = true as UDP", typ)
		}
	}
}

// TestRelatedOfTruncatedQuotes cuts errors at every length. What is needed is
// the IP header and both ports: less than any router quotes (RFC 792).
func TestRelatedOfTruncatedQuotes(t *testing.T) {
	query4, query6 := queries("who is there")
	for name, tt := range map[string]struct {
		in   []byte
		need int // bytes of the quoted packet
	}{
		"IPv4":           {unreachable(query4), 20 + 4},
		"IPv4 options":   {unreachable(withOptions(query4)), 24 + 4},
		"IPv6":           {unreachable(query6), 40 + 4},
		"IPv6 extension": {unreachable(withExtension(query6)), 48 + 4},
		"IPv6 fragment":  {unreachable(packettest.Fragments(query6, 16, 9)[0]), 48 + 4},
		"ESP":            {unreachable(packettest.ESP("198.51.100.7", "192.0.2.1", 7, "secret")), 20},
		"AH over IPv6":   {unreachable(packettest.AH("2001:db8::7", "2001:db8:1::1", header.ProtoUDP, 7, "odd")), 40},
		"SCTP":           {unreachable(packettest.SCTP(client4, virtual4)), 20 + 4},
	} {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.in)
			need := int(p.L4) + header.ICMPSize + tt.need
			for n := p.Len(); n >= int(p.L4); n-- {
				p.Truncate(n)
				if q, ok := Related(p, proto); ok != (n >= need) {
					t.Errorf("%d bytes: Related() = %v, %t, want %t", n, q.Tuple, ok, n >= need)
				}
			}
		})
	}
}

// TestChecksumOK flips every bit that the checksum covers.
func TestChecksumOK(t *testing.T) {
	query4, query6 := queries("odd")
	for name, frame := range map[string][]byte{
		"IPv4":           unreachable(query4),
		"IPv6":           unreachable(query6),
		"IPv6 extension": withExtension(unreachable(query6)),
		"tagged":         packettest.VLAN(unreachable(query6), 100),
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := mustParse(t, frame)
			if !ChecksumOK(p) {
				t.Error("ChecksumOK() = false")
			}
			for _, i := range covered(frame, int(p.L3), int(p.L4)) {
				for bit := range 8 {
					p.Bytes()[i] ^= 1 << bit
					if ChecksumOK(p) {
						t.Errorf("ChecksumOK() = true with bit %d of byte %d flipped", bit, i)
					}
					p.Bytes()[i] ^= 1 << bit
				}
			}
		})
	}
}

// covered returns which bytes of frame the checksum of its ICMP message covers:
// the message, and over IPv6 the addresses.
func covered(frame []byte, l3, l4 int) (at []int) {
	for i := range frame {
		if i >= l4 || !isIPv4(frame) && i >= l3+8 && i < l3+header.IPv6Size {
			at = append(at, i)
		}
	}
	return at
}
