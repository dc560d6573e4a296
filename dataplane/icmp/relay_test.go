package icmp

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// relayed returns the error in frame as the client gets it from the service.
func relayed(t *testing.T, frame []byte, mtu int) *packet.Packet {
	t.Helper()
	p, proto := mustParse(t, frame)
	q, ok := Tunneled(p, proto)
	if !ok {
		t.Fatalf("Tunneled() = false of %x", frame)
	}
	Relay(p, &q, q.Tuple.Dst, mtu)
	if !ChecksumOK(p) {
		t.Errorf("ChecksumOK() = false of %x", p.Bytes())
	}
	return p
}

// TestRelay holds relayed errors against those that are made about the client's
// packet itself, as far as it is quoted.
func TestRelay(t *testing.T) {
	query4, query6 := queries("who is there")
	long4, long6 := queries(strings.Repeat("x", 1300))
	for name, tt := range map[string]struct {
		client         []byte
		quote4, quote6 int // bytes of a client's packet in an error over IPv4, and over IPv6
	}{
		"IPv4":                  {query4, 0, 0},
		"IPv6":                  {query6, 0, 0},
		"options":               {withOptions(query4), 0, 0},
		"extension header":      {withExtension(query6), 0, 0},
		"TCP":                   {packettest.TCP(client4, virtual4, header.FlagSYN, ""), 0, 0},
		"longer than a quote":   {long4, 576 - 28 - 20, 1280 - 48 - 40},
		"longer, IPv6":          {long6, 576 - 28 - 20, 1280 - 48 - 40},
		"a client of many hops": {packettest.TTL(query4, 1), 0, 0},
	} {
		for _, ids := range [][]uint16{nil, {100}, {200, 100}} {
			in := func(frame []byte) []byte { return packettest.VLAN(big(frame), ids...) }
			t.Run(name, func(t *testing.T) {
				wantFrame(t, relayed(t, in(wrap4(nil, tt.client)), 1500), made(t, packettest.VLAN(tt.client, ids...), TooBig, tt.quote4, 1480))
				wantFrame(t, relayed(t, in(wrap6(nil, tt.client)), 1500), made(t, packettest.VLAN(tt.client, ids...), TooBig, tt.quote6, 1460))
			})
		}
	}
}

// made returns the error of kind k about the first n bytes of frame's packet, of
// which 0 means all, from the service.
func made(t *testing.T, frame []byte, k Kind, n, mtu int) []byte {
	t.Helper()
	src := addr("192.0.2.1")
	if !isIPv4(frame) {
		src = addr("2001:db8:1::1")
	}
	p, _ := mustParse(t, frame)
	if n > 0 {
		p.Truncate(int(p.L3) + n)
	}
	if !Make(p, k, src, mtu) {
		t.Fatal("Make() = false")
	}
	return p.Bytes()
}

// TestRelayKinds goes through the errors of each family, to clients of each.
func TestRelayKinds(t *testing.T) {
	query4, query6 := queries("odd")
	type to struct{ typ, code uint8 }
	refused := to{0xff, 0}
	for name, tt := range map[string]struct {
		typ, code uint8
		v6        bool
		to4, to6  to
	}{
		"network unreachable":       {3, 0, false, to{3, 0}, to{1, 3}},
		"host unreachable":          {3, 1, false, to{3, 1}, to{1, 3}},
		"protocol unreachable":      {3, 2, false, to{3, 2}, to{1, 3}},
		"port unreachable":          {3, 3, false, to{3, 3}, to{1, 4}},
		"too big":                   {3, 4, false, to{3, 4}, to{2, 0}},
		"prohibited":                {3, 13, false, to{3, 13}, to{1, 3}},
		"source quench":             {4, 0, false, to{4, 0}, refused},
		"time exceeded":             {11, 0, false, to{11, 0}, to{3, 0}},
		"reassembly time exceeded":  {11, 1, false, to{11, 1}, to{3, 0}},
		"no route, IPv6":            {1, 0, true, to{3, 1}, to{1, 0}},
		"prohibited, IPv6":          {1, 1, true, to{3, 1}, to{1, 1}},
		"address unreachable, IPv6": {1, 3, true, to{3, 1}, to{1, 3}},
		"port unreachable, IPv6":    {1, 4, true, to{3, 3}, to{1, 4}},
		"too big, IPv6":             {2, 0, true, to{3, 4}, to{2, 0}},
		"time exceeded, IPv6":       {3, 0, true, to{11, 0}, to{3, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			for client, want := range map[*[]byte]to{&query4: tt.to4, &query6: tt.to6} {
				in := packettest.ICMPError(router4, tt.typ, tt.code, 0, wrap4(nil, *client))
				if tt.v6 {
					in = packettest.ICMPError(router6, tt.typ, tt.code, 0, wrap6(nil, *client))
				}
				p, proto := mustParse(t, in)
				q, ok := Tunneled(p, proto)
				if ok != (want != refused) {
					t.Errorf("Tunneled() = %t of %x", ok, in)
				}
				if !ok {
					continue
				}
				Relay(p, &q, q.Tuple.Dst, 0)
				if m := header.ICMP(p.Bytes()[p.L4:]); m.Type() != want.typ || m.Code() != want.code {
					t.Errorf("relayed with type %d, code %d, want %v", m.Type(), m.Code(), want)
				}
			}
		})
	}
}

// TestRelayedMTU says what clients are told of an MTU, behind 20 bytes of outer
// header over IPv4, and 40 over IPv6.
func TestRelayedMTU(t *testing.T) {
	query4, query6 := queries("odd")
	tests := map[string]struct {
		frame     []byte
		mtu, want int
	}{
		"IPv4":                         {wrap4(nil, query4), 1400, 1380},
		"IPv4, not said":               {wrap4(nil, query4), 0, 0},
		"IPv4, one more than nothing":  {wrap4(nil, query4), 89, 69},
		"IPv4, as good as nothing":     {wrap4(nil, query4), 88, 88},
		"IPv4 in IPv6":                 {wrap6(nil, query4), 1400, 1360},
		"IPv4 in IPv6, out of bounds":  {wrap6(nil, query4), 1 << 20, 65495},
		"IPv6":                         {wrap6(nil, query6), 1400, 1360},
		"IPv6, the least":              {wrap6(nil, query6), 1320, 1280},
		"IPv6, less":                   {wrap6(nil, query6), 1280, 1280},
		"IPv6 in IPv4, less than less": {wrap4(nil, query6), 0, 1280},
		"IPv6 in IPv4":                 {wrap4(nil, query6), 1500, 1480},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := relayed(t, big(tt.frame), tt.mtu)
			m := header.ICMP(p.Bytes()[p.L4:])
			got := m.MTU6()
			if isIPv4(p.Bytes()) {
				got = m.MTU4()
			}
			if got != tt.want {
				t.Errorf("the client is told of %d, want %d", got, tt.want)
			}
		})
	}
}

// TestRelayLeavesExtensionsOut has errors with something behind the quote: what a
// router adds (RFC 4884), and more than the packet has.
func TestRelayLeavesExtensionsOut(t *testing.T) {
	query4, query6 := queries(strings.Repeat("odd", 50))
	extension := []byte{0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 2, 3}
	quote4 := string(slices.Concat(packettest.Network(wrap4(nil, query4))[:128], extension))
	quote6 := string(slices.Concat(packettest.Network(wrap6(nil, query6))[:128], extension))
	short4, _ := queries("odd")
	padded := string(slices.Concat(packettest.Network(wrap4(nil, short4)), bytes.Repeat([]byte{0}, 99)))
	for name, tt := range map[string]struct{ in, want []byte }{
		"IPv4":    {packettest.ICMP(router4, director4, 11, 0, 32<<16, quote4), made(t, query4, TimeExceeded, 128-20, 0)},
		"too big": {packettest.ICMP(router4, director4, 3, 4, 32<<16|1400, quote4), made(t, query4, TooBig, 128-20, 1380)},
		"IPv6":    {packettest.ICMP(router6, director6, 3, 0, 16<<24, quote6), made(t, query6, TimeExceeded, 128-40, 0)},
		"padding": {packettest.ICMP(router4, director4, 11, 0, 0, padded), made(t, short4, TimeExceeded, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			wantFrame(t, relayed(t, tt.in, 1400), tt.want)
		})
	}
}

// TestRelayWithoutEthernet has an error from a link that has no frames.
func TestRelayWithoutEthernet(t *testing.T) {
	query4, query6 := queries("odd")
	for _, client := range [][]byte{query4, query6} {
		for _, in := range [][]byte{big(wrap4(gre, query4)), big(wrap6(nil, client))} {
			p, proto := mustParse(t, in)
			want := relayed(t, in, 1400).Bytes()[p.L3:]
			p.Pull(int(p.L3))
			q, ok := Tunneled(p, proto)
			if Relay(p, &q, q.Tuple.Dst, 1400); !ok || !bytes.Equal(p.Bytes(), want) || p.L3 != 0 {
				t.Errorf("relayed %x, want %x", p.Bytes(), want)
			}
		}
	}
}

// TestRelayNeedsNoHeadroom has errors at the front of their chunk, with the
// shortest headers that tunnels have.
func TestRelayNeedsNoHeadroom(t *testing.T) {
	query4, query6 := queries("odd")
	for name, frame := range map[string][]byte{
		"4 in 4": wrap4(nil, query4), "6 in 4": wrap4(nil, query6),
		"4 in 6": wrap6(nil, query4), "6 in 6": wrap6(nil, query6),
	} {
		in := big(frame)
		want := relayed(t, in, 1400).Bytes()
		p, proto := mustParse(t, in)
		l3, l4 := p.L3, p.L4
		p.Reset(slices.Clone(in), 0, len(in))
		p.L3, p.L4 = l3, l4
		q, ok := Tunneled(p, proto)
		if Relay(p, &q, q.Tuple.Dst, 1400); !ok || !bytes.Equal(p.Bytes(), want) {
			t.Errorf("%s: relayed %x, want %x", name, p.Bytes(), want)
		}
	}
}

func TestRelayDoesNotAllocate(t *testing.T) {
	_, query6 := queries("odd")
	in := big(wrap4(gue6, query6))
	p, proto := mustParse(t, in)
	chunk, l3, l4 := make([]byte, 2048), p.L3, p.L4
	n := testing.AllocsPerRun(40, func() {
		copy(chunk[packet.Headroom:], in)
		p.Reset(chunk, packet.Headroom, len(in))
		p.L3, p.L4 = l3, l4
		q, ok := Tunneled(p, proto)
		if !ok {
			t.Fatal("no error that can be relayed")
		}
		Relay(p, &q, q.Tuple.Dst, q.MTU)
	})
	if n != 0 {
		t.Errorf("relaying allocates %v times, want 0", n)
	}
}
