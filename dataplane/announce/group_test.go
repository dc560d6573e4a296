package announce

import (
	"maps"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

func TestSolicitedNode(t *testing.T) {
	tests := map[string]struct {
		vip, group string
		mac        header.MAC
	}{
		"RFC 4291's own": {"4037::1:800:200e:8c6c", "ff02::1:ff0e:8c6c", header.MAC{0x33, 0x33, 0xff, 0x0e, 0x8c, 0x6c}},
		"small":          {"2001:db8::80", "ff02::1:ff00:80", header.MAC{0x33, 0x33, 0xff, 0, 0, 0x80}},
		"all bits set":   {"2001:db8::ffff:ffff", "ff02::1:ffff:ffff", header.MAC{0x33, 0x33, 0xff, 0xff, 0xff, 0xff}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			group := solicitedNode(addr(tt.vip))
			if group != addr(tt.group) || groupMAC(group) != tt.mac {
				t.Errorf("solicitedNode(%s) = %s at %s, want %s at %s", tt.vip, group, groupMAC(group), tt.group, tt.mac)
			}
		})
	}
}

func TestSolicitedSharesGroups(t *testing.T) {
	vips := map[lvs.Addr]bool{vip4: true, vip6: true, addr("2001:db8:1::80"): true, addr("2001:db8::81"): true}
	want := map[lvs.Addr]bool{addr("ff02::1:ff00:80"): true, addr("ff02::1:ff00:81"): true}
	if got := solicited(vips); !maps.Equal(got, want) {
		t.Errorf("solicited() = %v, want %v", got, want)
	}
}
