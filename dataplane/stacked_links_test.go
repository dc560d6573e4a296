package dataplane

import (
	"errors"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"xlvs/config"
	"xlvs/dataplane/xsk"
)

// TestBond looks at an interface that is said to be a bond, which not every kernel
// can make. The bond's frames are received by its members, so that packet sockets
// have them, and AF_XDP sockets would not.
func TestBond(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 2)
	eth0 := *linkNamed(t, "eth0").Attrs()
	bond := netlink.NewLinkBond(eth0)
	for _, mode := range []config.Mode{config.Auto, config.XDP, config.Packet} {
		for _, prefer := range []config.Prefer{config.Bulk, config.PPS} {
			p := port{}
			p.Name = "eth0"
			must(t, p.find(bond, config.Dataplane{Mode: mode, Prefer: prefer}))
			if p.Index != eth0.Index || p.kind != "bond" || p.mode != config.Packet || p.why == "" && mode != config.Packet {
				t.Errorf("a bond with mode %s is %+v, want packet mode and why", mode, p)
			}
		}
	}
	member := eth0
	member.MasterIndex = eth0.Index + 100
	var p port
	p.Name = "eth0"
	if err := p.find(&netlink.Device{LinkAttrs: member}, config.Dataplane{Mode: config.Auto}); err == nil || p.Index != 0 {
		t.Errorf("a member of a bond is %+v, %v, want it refused", p, err)
	}
	if names := usable([]netlink.Link{bond, &netlink.Device{LinkAttrs: member}}); len(names) != 1 {
		t.Errorf("of a bond and its member %q are usable, want the bond alone", names)
	}
}

// TestInsistingOnXDP names a mode that interfaces on top of others do not have.
func TestInsistingOnXDP(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addLink(t, &netlink.Bridge{LinkAttrs: named("br0")})
	mac0 := named("mac0")
	mac0.ParentIndex = linkNamed(t, "eth0").Attrs().Index
	addLink(t, &netlink.Macvlan{LinkAttrs: mac0})
	for _, name := range []string{"br0", "mac0"} {
		c := plainConfig(config.XDP)
		c.Dataplane.Interfaces = []string{name}
		d, err := Open(c, func(err error) { t.Error(err) })
		if err == nil {
			must(t, d.Close())
		}
		if !errors.Is(err, xsk.ErrUnsupported) || !strings.Contains(err.Error(), "interface "+name) {
			t.Errorf("Open() with XDP on %s = %v, want %v and the interface", name, err, xsk.ErrUnsupported)
		}
	}
}
