package header

import (
	"encoding/hex"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// refused is the length of a view that a Parse function does not give.
const refused = -1

// A parseCase is an input and how long the view of it should be.
type parseCase struct {
	in   []byte
	want int
}

// testParse runs one Parse function over its cases.
func testParse[H ~[]byte](t *testing.T, parse func([]byte) (H, bool), tests map[string]parseCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h, ok := parse(tt.in)
			if ok != (tt.want != refused) {
				t.Fatalf("parse(% x) ok = %t", tt.in, ok)
			}
			if ok && len(h) != tt.want {
				t.Errorf("parse(% x) views %d bytes, want %d", tt.in, len(h), tt.want)
			}
			if !ok && h != nil {
				t.Errorf("parse(% x) refuses and returns % x", tt.in, h)
			}
		})
	}
}

// unhex returns the bytes that s spells.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// with returns a copy of b whose bytes from at on are v.
func with(b []byte, at int, v ...byte) []byte {
	b = slices.Clone(b)
	copy(b[at:], v)
	return b
}

// equal reports that what a call returns is not what it should.
func equal[T comparable](t *testing.T, call string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}

// inlined are the functions that a worker calls for every packet. What is not
// here is called for some packets only, or walks.
const inlined = `
	ParseEthernet Ethernet.Dst Ethernet.Src Ethernet.Type Ethernet.SetDst Ethernet.SetSrc Ethernet.SetType
	ParseVLAN VLAN.ID VLAN.Type MAC.IsMulticast MAC.IsZero
	IPv4.HeaderLen IPv4.TOS IPv4.TotalLen IPv4.ID IPv4.DontFragment IPv4.MoreFragments IPv4.FragmentOffset
	IPv4.IsFragment IPv4.TTL IPv4.Proto IPv4.Checksum IPv4.Src IPv4.Dst IPv4.Payload IPv4.SetTOS
	IPv4.SetTotalLen IPv4.SetID IPv4.SetFragment IPv4.SetTTL IPv4.SetChecksum IPv4.SetSrc IPv4.SetDst
	IPv4.DecrementTTL
	ParseIPv6 IPv6.PayloadLen IPv6.TrafficClass IPv6.NextHeader IPv6.HopLimit IPv6.Src IPv6.Dst IPv6.Payload
	IPv6.SetPayloadLen IPv6.SetNextHeader IPv6.SetHopLimit IPv6.SetSrc IPv6.SetDst
	ParsePorts Ports.Src Ports.Dst Ports.SetSrc Ports.SetDst
	ParseTCP TCP.SrcPort TCP.DstPort TCP.Seq TCP.Ack TCP.DataOffset TCP.Flags TCP.Checksum TCP.Payload
	TCP.SetSrcPort TCP.SetDstPort TCP.SetSeq TCP.SetAck TCP.SetChecksum
	ParseUDP UDP.SrcPort UDP.DstPort UDP.Length UDP.Checksum UDP.Payload UDP.SetSrcPort UDP.SetDstPort
	UDP.SetChecksum
	ParseSCTP SCTP.SrcPort SCTP.DstPort SCTP.Checksum SCTP.Chunks SCTP.SetSrcPort SCTP.SetDstPort SCTP.SetChecksum
	ParseICMP ICMP.Type ICMP.Code ICMP.Checksum ICMP.Rest ICMP.Payload`

func TestAccessorsInline(t *testing.T) {
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	can := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		if _, name, ok := strings.Cut(strings.TrimSpace(line), ": can inline "); ok {
			can[name] = true
		}
	}
	for _, name := range strings.Fields(inlined) {
		if !can[name] {
			t.Errorf("%s does not inline", name)
		}
	}
}
