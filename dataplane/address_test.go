package dataplane

import (
	"bytes"
	"fmt"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The next hop decides about tags, not the frame that came in.
func TestFramesGetTheTagsOfTheirHop(t *testing.T) {
	plain := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "data")
	tests := map[string]struct {
		in   []byte
		tags neigh.Tags
		ids  []uint16
	}{
		"none to none": {plain, neigh.Tags{}, nil},
		"none to one":  {plain, neigh.Tags{N: 1, ID: [2]uint16{7}}, []uint16{7}},
		"one to none":  {packettest.VLAN(plain, 7), neigh.Tags{}, nil},
		"one to one":   {packettest.VLAN(plain, 7), neigh.Tags{N: 1, ID: [2]uint16{8}}, []uint16{8}},
		"none to two":  {plain, neigh.Tags{N: 2, QinQ: true, ID: [2]uint16{5, 6}}, []uint16{5, 6}},
		"two to one":   {packettest.VLAN(plain, 7, 9), neigh.Tags{N: 1, ID: [2]uint16{8}}, []uint16{8}},
	}
	for name, tt := range tests {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			t.Run(fmt.Sprint(name, " ", m), func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, m, real4))
				d.router.set(real4, neigh.Hop{
					Port: 1, State: neigh.Reachable, Src: directorMAC1, Dst: realMAC, MTU: 1500, Tags: tt.tags,
				})
				out, v := d.push(t, tt.in)
				if v[Forward] != 1 || len(out) != 1 {
					t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
				}
				to := real4 + ":8080"
				if m == lvs.DirectRouting {
					to = vip4 + ":80"
				}
				want := toReal(packettest.TCP(client4+":4242", to, header.FlagSYN, "data"))
				if len(tt.ids) > 0 {
					want = packettest.VLAN(want, tt.ids...)
				}
				if !bytes.Equal(out[0].frame, want) {
					t.Errorf("sent\n% x, want\n% x", out[0].frame, want)
				}
			})
		}
	}
}

func TestPacketsLeaveBareWhereThereIsNoEthernet(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	d.router.set(real4, neigh.Hop{Port: 1, State: neigh.Reachable, Raw: true, MTU: 1480})
	out, _ := d.push(t, packettest.VLAN(packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, ""), 7))
	want := packettest.Network(toReal(packettest.TCP(client4+":4242", real4+":8080", header.FlagSYN, "")))
	if len(out) != 1 || !bytes.Equal(out[0].frame, want) {
		t.Errorf("sent %x, want % x", out, want)
	}
}
