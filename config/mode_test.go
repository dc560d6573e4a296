package config

import "testing"

func TestModeOf(t *testing.T) {
	d := Dataplane{Mode: Auto, Prefer: Bulk, Interface: map[string]InterfaceSettings{
		"eth1": {Mode: Packet},
		"eth2": {Prefer: PPS},
		"eth3": {XDP, PPS},
		"eth4": {},
	}}
	tests := map[string]InterfaceSettings{
		"eth0": {Auto, Bulk},
		"eth1": {Packet, Bulk},
		"eth2": {Auto, PPS},
		"eth3": {XDP, PPS},
		"eth4": {Auto, Bulk},
	}
	for name, want := range tests {
		if mode, prefer := d.ModeOf(name); mode != want.Mode || prefer != want.Prefer {
			t.Errorf("ModeOf(%s) = %s, %s, want %s, %s", name, mode, prefer, want.Mode, want.Prefer)
		}
	}
}
