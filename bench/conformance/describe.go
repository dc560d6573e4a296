package conformance

import (
	"fmt"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// describe returns a frame as people read it, and where it differs from another.
func describe(frame, other []byte) string {
	if frame == nil {
		return "(nothing)"
	}
	text := summary(frame)
	if a, b := normal(frame), normal(other); other != nil {
		text += fmt.Sprintf(", %d bytes, from byte %d on: % x", len(frame), firstDifference(a, b), tail(a, firstDifference(a, b)))
	}
	return text
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// tail returns a few bytes of b from i on.
func tail(b []byte, i int) []byte {
	const few = 16
	return b[i:min(len(b), i+few)]
}

// summary names the layers of a frame.
func summary(frame []byte) string {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	var words []string
	for _, l := range p.Layers() {
		words = append(words, layerSummary(l))
	}
	return strings.Join(words, " | ")
}

func layerSummary(l gopacket.Layer) string {
	switch h := l.(type) {
	case *layers.Ethernet:
		return fmt.Sprintf("to %v", h.DstMAC)
	case *layers.IPv4:
		return fmt.Sprintf("%v > %v ttl %d tos %#x id %d %v %d+%d", h.SrcIP, h.DstIP, h.TTL, h.TOS, h.Id, h.Flags, h.FragOffset*8, h.Length)
	case *layers.IPv6:
		return fmt.Sprintf("%v > %v hop limit %d class %#x label %#x", h.SrcIP, h.DstIP, h.HopLimit, h.TrafficClass, h.FlowLabel)
	case *layers.TCP:
		return fmt.Sprintf("TCP %d > %d %s seq %d ack %d", h.SrcPort, h.DstPort, flags(h), h.Seq, h.Ack)
	case *layers.UDP:
		return fmt.Sprintf("UDP %d > %d sum %#04x", h.SrcPort, h.DstPort, h.Checksum)
	case *layers.SCTP:
		return fmt.Sprintf("SCTP %d > %d", h.SrcPort, h.DstPort)
	case *layers.ICMPv4:
		return fmt.Sprintf("ICMP %v id %d seq %d, quotes % x", h.TypeCode, h.Id, h.Seq, tail(h.Payload, 0))
	case *layers.ICMPv6:
		return fmt.Sprintf("ICMPv6 %v", h.TypeCode)
	case *layers.GRE:
		return fmt.Sprintf("GRE %v", h.Protocol)
	}
	return l.LayerType().String()
}

// flags returns the letters of TCP flags.
func flags(h *layers.TCP) string {
	var b strings.Builder
	for _, f := range [...]struct {
		set    bool
		letter byte
	}{{h.SYN, 'S'}, {h.FIN, 'F'}, {h.RST, 'R'}, {h.PSH, 'P'}, {h.URG, 'U'}, {h.ACK, 'A'}} {
		if f.set {
			b.WriteByte(f.letter)
		}
	}
	return b.String()
}
