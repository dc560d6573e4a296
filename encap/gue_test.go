package encap

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestSourcePort has h ^= h<<16 and min + (h*(max-min) >> 32) worked out by hand.
func TestSourcePort(t *testing.T) {
	tests := map[string]struct {
		hash   uint32
		within [2]uint16
		want   uint16
	}{
		"least hash":          {0, [2]uint16{32768, 60999}, 32768},
		"half":                {0x80000000, [2]uint16{32768, 60999}, 32768 + 14115},
		"low bits count":      {0x00008000, [2]uint16{32768, 60999}, 32768 + 14115},
		"bits cancel":         {0x80008000, [2]uint16{32768, 60999}, 32768},
		"greatest":            {0xffff0000, [2]uint16{32768, 60999}, 60998},
		"a range of one":      {0xffff0000, [2]uint16{40000, 40000}, 40000},
		"all ports":           {0xffff0000, [2]uint16{0, 65535}, 65534},
		"a range upside down": {0, [2]uint16{60999, 32768}, 60999},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := sourcePort(tt.hash, tt.within); got != tt.want {
				t.Errorf("sourcePort(%#x, %d) = %d, want %d", tt.hash, tt.within, got, tt.want)
			}
		})
	}
}

func TestPushSpreadsFlowsOverSourcePorts(t *testing.T) {
	for name, tt := range map[string]struct{ sources, want [2]uint16 }{
		"Linux's own range": {[2]uint16{}, [2]uint16{32768, 60999}},
		"another range":     {[2]uint16{1024, 2047}, [2]uint16{1024, 2047}},
	} {
		t.Run(name, func(t *testing.T) {
			tunnel := NewTunnel(realServer(false), TunnelOptions{Type: lvs.TunnelGUE, Port: guePort, Sources: tt.sources})
			seen := map[uint16]bool{}
			for i := range uint32(64) {
				p, _ := mustParse(t, packettest.UDP(client4, virtual4, "who is there"))
				tunnel.Push(p, director(false), i<<26, true)
				h := header.UDP(p.Bytes()[p.L4:])
				if h.DstPort() != guePort || h.SrcPort() < tt.want[0] || h.SrcPort() > tt.want[1] {
					t.Errorf("packet goes from port %d to port %d", h.SrcPort(), h.DstPort())
				}
				seen[h.SrcPort()] = true
			}
			if len(seen) != 64 {
				t.Errorf("64 flows come from %d ports", len(seen))
			}
		})
	}
}
