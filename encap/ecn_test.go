package encap

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestInnerClass is the table of RFC 6040, section 4.2, with DSCPs that differ.
func TestInnerClass(t *testing.T) {
	const dropped = 0xff
	names := [4]string{"not ECT", "ECT(1)", "ECT(0)", "CE"}
	want := [4][4]uint8{ // by inner, by outer
		ecnNone: {ecnNone, ecnNone, ecnNone, dropped},
		ecnECT1: {ecnECT1, ecnECT1, ecnECT1, ecnCE},
		ecnECT0: {ecnECT0, ecnECT1, ecnECT0, ecnCE},
		ecnCE:   {ecnCE, ecnCE, ecnCE, ecnCE},
	}
	for inner, row := range want {
		for outer, want := range row {
			got, ok := innerClass(10<<2|uint8(outer), 46<<2|uint8(inner))
			if ok != (want != dropped) || ok && got != 46<<2|want {
				t.Errorf("%s in %s: innerClass() = %#02x, %t, want %#02x", names[inner], names[outer], got, ok, want)
			}
		}
	}
}

// TestPopTellsOfCongestion has a router in the tunnel mark the outer packet.
func TestPopTellsOfCongestion(t *testing.T) {
	for family, frame := range both() {
		for name, tt := range map[string]struct {
			inner, marked uint8
			ok            bool
		}{
			"ECN-capable":     {46<<2 | ecnECT0, 46<<2 | ecnCE, true},
			"not ECN-capable": {46<<2 | ecnNone, 46<<2 | ecnNone, false},
		} {
			t.Run(name+" "+family, func(t *testing.T) {
				eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
					setClass(packettest.Network(frame), tt.inner)
					p, _ := mustParse(t, frame)
					mustPush(t, tunnel, p, src)
					setClass(p.Bytes()[header.EthernetSize:], tt.inner|ecnCE)
					if got := Pop(p, guePort); got != tt.ok {
						t.Fatalf("Pop() = %t, want %t", got, tt.ok)
					}
					if _, _, ok := parse(p.Bytes()); !ok {
						t.Errorf("cannot parse %x", p.Bytes())
					}
					if got := classOf(p.Bytes()[header.EthernetSize:]); tt.ok && got != tt.marked {
						t.Errorf("class = %#02x, want %#02x", got, tt.marked)
					}
				})
			})
		}
	}
}
