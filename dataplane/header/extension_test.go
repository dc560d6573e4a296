package header

import (
	"slices"
	"strings"
	"testing"
)

// A chain is what follows an IPv6 header, and what Transport should make of it.
type chain struct {
	next uint8 // next header of the IPv6 header
	hex  string
	want Transport
	ok   bool
}

// packet returns the IPv6 packet that carries c.
func (c chain) packet() []byte {
	h := IPv6(append(unhex(front6+"0000"+"00"+addrs6), unhex(c.hex)...))
	h.SetPayloadLen(len(h) - IPv6Size)
	h.SetNextHeader(c.next)
	return h
}

const udpHi = "10920035000a2b2f6869"

// chains has, where the comment says so, what scapy 2.5.0 makes of
// IPv6(src='2001:db8::7', dst='2001:db8:1::1')/.../UDP(sport=4242, dport=53)/'hi'.
var chains = map[string]chain{
	"no extension header": {ProtoUDP, udpHi, Transport{Proto: ProtoUDP, Offset: 40}, true},
	"nothing follows":     {ProtoNone, "", Transport{Proto: ProtoNone, Offset: 40}, true},
	"encrypted":           {ProtoESP, udpHi, Transport{Proto: ProtoESP, Offset: 40}, true},
	"protocol above 63":   {ProtoSCTP, udpHi, Transport{Proto: ProtoSCTP, Offset: 40}, true},
	"64 modulo hop-by-hop": {
		64, udpHi, Transport{Proto: 64, Offset: 40}, true,
	},
	// IPv6ExtHdrHopByHop(options=[PadN(optdata=b'\0'*4)])
	"hop-by-hop options": {
		extHopByHop, "1100010400000000" + udpHi, Transport{Proto: ProtoUDP, Offset: 48}, true,
	},
	// IPv6ExtHdrRouting(addresses=['2001:db8::1'])
	"routing header": {
		extRouting, "110200010000000020010db8000000000000000000000001" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 64, SegmentsLeft: 1}, true,
	},
	"a routing header that is done behind one that is not": {
		extRouting, "2b02000100000000" + "20010db8000000000000000000000001" + "1100000000000000" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 72, SegmentsLeft: 1}, true,
	},
	// IPv6ExtHdrDestOpt(options=[PadN(optdata=b'\0'*12)])
	"destination options": {
		extDestOptions, "1101010c000000000000000000000000" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 56}, true,
	},
	// AH(nh=17, payloadlen=4, spi=1, seq=1, icv=b'\0'*12)
	"authentication header": {
		ProtoAH, "110400000000000100000001000000000000000000000000" + udpHi,
		Transport{Proto: ProtoAH, Offset: 40}, true,
	},
	// IPv6ExtHdrFragment(nh=51, id=9, offset=3)/'rest of it'
	"last fragment of an authentication header": {
		extFragment, "330000180000000972657374206f66206974",
		Transport{Proto: ProtoAH, Offset: 48, Fragment: true, FragmentOffset: 24, FragmentID: 9}, true,
	},
	// IPv6ExtHdrFragment(id=9, m=1)
	"first fragment": {
		extFragment, "1100000100000009" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 48, Fragment: true, MoreFragments: true, FragmentID: 9}, true,
	},
	"atomic fragment": {
		extFragment, "1100000000000009" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 48, Fragment: true, FragmentID: 9}, true,
	},
	"fragment header with a length": {
		extFragment, "11ff000000000009" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 48, Fragment: true, FragmentID: 9}, true,
	},
	// IPv6ExtHdrFragment(nh=17, id=9, offset=3)/'rest of it'
	"last fragment": {
		extFragment, "110000180000000972657374206f66206974",
		Transport{Proto: ProtoUDP, Offset: 48, Fragment: true, FragmentOffset: 24, FragmentID: 9}, true,
	},
	// IPv6ExtHdrHopByHop(...)/IPv6ExtHdrFragment(nh=60, id=9, offset=3)/'rest of it'
	"later fragment of destination options": {
		extHopByHop, "2c000104000000003c0000180000000972657374206f66206974",
		Transport{Proto: extDestOptions, Offset: 56, Fragment: true, FragmentOffset: 24, FragmentID: 9}, true,
	},
	"last possible fragment": {
		extFragment, "1100fff900000009",
		Transport{Proto: ProtoUDP, Offset: 48, Fragment: true, FragmentOffset: 65528, MoreFragments: true, FragmentID: 9}, true,
	},
	// IPv6ExtHdrHopByHop()/IPv6ExtHdrDestOpt()/IPv6ExtHdrRouting()/
	// IPv6ExtHdrFragment(id=9, m=1)/AH(nh=60, payloadlen=4, ...)/IPv6ExtHdrDestOpt()
	"one of each, in order": {
		extHopByHop, "3c00010400000000" + "2b00010400000000" + "2c00000000000000" + "3300000100000009" +
			"3c0400000000000100000001000000000000000000000000" + "1100010400000000" + udpHi,
		Transport{Proto: ProtoAH, Offset: 72, Fragment: true, MoreFragments: true, FragmentID: 9}, true,
	},
	"eight headers": {
		extDestOptions, strings.Repeat("3c00010400000000", 7) + "1100010400000000" + udpHi,
		Transport{Proto: ProtoUDP, Offset: 104}, true,
	},
	"nine headers": {
		extDestOptions, strings.Repeat("3c00010400000000", 8) + "1100010400000000" + udpHi, Transport{}, false,
	},
	"header announced, none there": {extHopByHop, "", Transport{}, false},
	"truncated to seven bytes":     {extHopByHop, "11000104000000", Transport{}, false},
	"truncated routing header":     {extRouting, "1102000100000000" + "20010db8", Transport{}, false},
	"truncated fragment header":    {extFragment, "11000001000000", Transport{}, false},
	"length past the end":          {extDestOptions, "11ff010400000000" + udpHi, Transport{}, false},
	"two fragment headers":         {extFragment, "2c00000100000009" + "1100000100000009" + udpHi, Transport{}, false},
	"header ends the packet": {
		extDestOptions, "1100010400000000", Transport{Proto: ProtoUDP, Offset: 48}, true,
	},
	"nothing after options": {
		extDestOptions, "3b00010400000000", Transport{Proto: ProtoNone, Offset: 48}, true,
	},
}

func TestTransport(t *testing.T) {
	for name, tt := range chains {
		t.Run(name, func(t *testing.T) {
			h, ok := ParseIPv6(tt.packet())
			if !ok {
				t.Fatal("packet does not parse")
			}
			got, ok := h.Transport()
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("Transport() = %+v, %t, want %+v, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// TestTransportOfEveryCut cuts each chain short: Transport must refuse, or say
// what it says of the whole.
func TestTransportOfEveryCut(t *testing.T) {
	for name, tt := range chains {
		b := tt.packet()
		for n := IPv6Size; n < len(b); n++ {
			h, _ := ParseQuotedIPv6(slices.Clip(b[:n]))
			got, ok := h.Transport()
			if ok && (got != tt.want || got.Offset > n) {
				t.Errorf("%s, cut to %d bytes: Transport() = %+v, want %+v or none", name, n, got, tt.want)
			}
		}
	}
}

func TestTransportDoesNotAllocate(t *testing.T) {
	for name, tt := range chains {
		h, _ := ParseIPv6(tt.packet())
		if n := testing.AllocsPerRun(100, func() { h.Transport() }); n != 0 {
			t.Errorf("%s: Transport allocates %v times, want 0", name, n)
		}
	}
}

func BenchmarkTransport(b *testing.B) {
	for _, name := range []string{"no extension header", "first fragment", "one of each, in order"} {
		b.Run(name, func(b *testing.B) {
			h, _ := ParseIPv6(chains[name].packet())
			for b.Loop() {
				h.Transport()
			}
		})
	}
}

func TestPutFragment(t *testing.T) {
	for _, want := range []Transport{
		{Proto: ProtoUDP, Offset: 48, Fragment: true, FragmentOffset: 0, MoreFragments: true, FragmentID: 9},
		{Proto: ProtoTCP, Offset: 48, Fragment: true, FragmentOffset: 65528, FragmentID: 1<<32 - 1},
	} {
		b := make([]byte, IPv6Size+FragmentSize)
		h := IPv6(b)
		h.SetNextHeader(ProtoFragment)
		PutFragment(b[IPv6Size:], want.Proto, want.FragmentOffset, want.MoreFragments, want.FragmentID)
		if got, ok := h.Transport(); !ok || got != want {
			t.Errorf("Transport() = %+v, %t, want %+v", got, ok, want)
		}
	}
}
