package neigh

import (
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestNewCached(t *testing.T) {
	tests := map[string]struct {
		change func(k *netlink.Neigh)
		ok     bool
	}{
		"reachable":              {func(k *netlink.Neigh) {}, true},
		"incomplete without MAC": {func(k *netlink.Neigh) { k.State, k.HardwareAddr = netlink.NUD_INCOMPLETE, nil }, true},
		"stale without MAC":      {func(k *netlink.Neigh) { k.State, k.HardwareAddr = netlink.NUD_STALE, nil }, false},
		"MAC one byte short":     {func(k *netlink.Neigh) { k.HardwareAddr = k.HardwareAddr[:5] }, false},
		"of a bridge":            {func(k *netlink.Neigh) { k.Family = unix.AF_BRIDGE }, false},
		"proxy":                  {func(k *netlink.Neigh) { k.Flags = netlink.NTF_PROXY }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := &netlink.Neigh{
				LinkIndex: inside, Family: unix.AF_INET, State: netlink.NUD_REACHABLE,
				IP: host(1).Netip().AsSlice(), HardwareAddr: theirMAC[:],
			}
			tt.change(k)
			n, c, ok := newCached(k)
			if ok != tt.ok {
				t.Fatalf("newCached(%+v) ok = %t, want %t", k, ok, tt.ok)
			}
			if ok && (n != neighbour{inside, host(1)} || c.usable() != (c.mac == theirMAC)) {
				t.Errorf("newCached(%+v) = %+v, %+v", k, n, c)
			}
		})
	}
}

func TestHearMalformedNotification(t *testing.T) {
	m := offline(0, Options{})
	for _, b := range [][]byte{nil, make([]byte, unix.SizeofNdMsg-1), append(make([]byte, unix.SizeofNdMsg), 3, 0, 1)} {
		msg := syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.RTM_NEWNEIGH}, Data: b}
		m.hear([]syscall.NetlinkMessage{msg}, time.Unix(1000, 0))
	}
	if len(m.cache) != 0 || len(m.bell) != 0 {
		t.Errorf("%d neighbours, %d rings, want none", len(m.cache), len(m.bell))
	}
}
