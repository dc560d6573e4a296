package announce

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// Frames between two Linux hosts, as tcpdump shows them:
//
//	tcpdump -i v0 -n -e -xx 'arp or icmp6'
//
// Host 0a has 198.51.100.7 and 2001:db8::7, host 0b the addresses that end in 80.
// The last two are of host 0b with a new MAC address, 0c, and arp_notify and
// ndisc_notify set.
const (
	arpAsks     = "ffffffffffff02000000000a0806 00010800060400 01 02000000000ac6336407 000000000000c6336450"
	arpAnswers  = "02000000000a02000000000b0806 00010800060400 02 02000000000bc6336450 02000000000ac6336407"
	arpNotifies = "ffffffffffff02000000000c0806 00010800060400 01 02000000000cc6336450 000000000000c6336450"
	// arping -D -i v0 198.51.100.80
	arpProbes = "ffffffffffff02000000000a0806 00010800060400 01 02000000000a00000000 000000000000c6336450"

	ndProbes = "3333ff00008002000000000b86dd 6000000000203aff 00000000000000000000000000000000 ff0200000000000000000001ff000080" +
		"8700e59300000000 20010db8000000000000000000000080 0e01f20d448221c2"
	ndAsks = "3333ff00008002000000000a86dd 6000000000203aff 20010db8000000000000000000000007 ff0200000000000000000001ff000080" +
		"87001b1c00000000 20010db8000000000000000000000080 010102000000000a"
	ndAnswers = "02000000000a02000000000b86dd 6000000000203aff 20010db8000000000000000000000080 20010db8000000000000000000000007" +
		"8800896660000000 20010db8000000000000000000000080 020102000000000b"
	ndNotifies = "33330000000102000000000c86dd 6000000000203aff 20010db8000000000000000000000080 ff020000000000000000000000000001" +
		"8800f82120000000 20010db8000000000000000000000080 020102000000000c"
)

var (
	macA = header.MAC{2, 0, 0, 0, 0, 0x0a}
	macB = header.MAC{2, 0, 0, 0, 0, 0x0b}
	macC = header.MAC{2, 0, 0, 0, 0, 0x0c}

	client4, client6 = addr("198.51.100.7"), addr("2001:db8::7")
	vip4, vip6       = addr("198.51.100.80"), addr("2001:db8::80")
)

func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

// unhex returns the bytes that s spells; blanks are for the eye.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadMessage(t *testing.T) {
	none := lvs.Addr{}
	tests := map[string]struct {
		frame string
		as    header.MAC // who reads
		want  message
	}{
		"ARP request":               {arpAsks, macB, message{macA, client4, vip4, false}},
		"ARP reply":                 {arpAnswers, macA, message{macB, vip4, none, true}},
		"ARP announcement":          {arpNotifies, macA, message{macC, vip4, vip4, false}},
		"ARP probe":                 {arpProbes, macB, message{macA, none, vip4, false}},
		"padded ARP request":        {arpAsks + strings.Repeat("00", 18), macB, message{macA, client4, vip4, false}},
		"solicitation":              {ndAsks, macB, message{macA, client6, vip6, false}},
		"solicited advertisement":   {ndAnswers, macA, message{macB, vip6, none, true}},
		"unsolicited advertisement": {ndNotifies, macA, message{macC, vip6, none, false}},
		"probe by solicitation":     {ndProbes, macA, message{macB, none, vip6, false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if m, ok := readMessage(unhex(t, tt.frame), tt.as); !ok || m != tt.want {
				t.Errorf("readMessage() = %+v, %t, want %+v", m, ok, tt.want)
			}
		})
	}
}

// The kernel answered, and announced, as we have to.
func TestMadeFramesAreTheKernels(t *testing.T) {
	var none tag
	asks4, asks6 := message{from: macA, owned: client4, wanted: vip4}, message{from: macA, owned: client6, wanted: vip6}
	tests := map[string]struct {
		got  []byte
		want string
	}{
		"ARP reply":                 {answer(asks4, vip4, macB, none), arpAnswers},
		"ARP announcement":          {announcement(vip4, macC, none), arpNotifies},
		"solicited advertisement":   {answer(asks6, vip6, macB, none), ndAnswers},
		"unsolicited advertisement": {announcement(vip6, macC, none), ndNotifies},
		"advertisement to a probe":  {answer(message{from: macA, wanted: vip6}, vip6, macC, none), ndNotifies},
		"reply to a probe": {
			answer(message{from: macA, wanted: vip4}, vip4, macB, none),
			"02000000000a02000000000b0806 00010800060400 02 02000000000bc6336450 02000000000a00000000",
		},
		"tagged ARP reply": {
			answer(asks4, vip4, macB, tag{header.TypeVLAN, 0x600a}),
			"02000000000a02000000000b 8100600a" + arpAnswers[24:],
		},
		"service-tagged announcement": {
			announcement(vip6, macC, tag{header.TypeQinQ, 7}),
			"33330000000102000000000c 88a80007" + ndNotifies[24:],
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if want := unhex(t, tt.want); !bytes.Equal(tt.got, want) {
				t.Errorf("got\n% x, want\n% x", tt.got, want)
			}
		})
	}
}
