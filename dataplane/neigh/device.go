package neigh

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
)

// Tags are the VLAN tags of a hop's frames, outermost first.
type Tags struct {
	N    uint8     // how many there are, 0 to 2
	QinQ bool      // the outermost is 802.1ad's (0x88a8); otherwise all are 802.1Q's
	ID   [2]uint16 // 12 bits each
}

// An exit is where packets leave: a port, or a VLAN on one. It is the same when
// the interface that stands for it is deleted and made again.
type exit struct {
	tags Tags
	port uint16
	raw  bool // without Ethernet
}

// A device is the interface that stands for an exit.
type device struct {
	exit
	index int
	mac   header.MAC
	mtu   int // bytes of layer 3
}

// A Link is the state of a port's interface.
type Link struct {
	Name string
	MAC  header.MAC // zero if the interface has none, or has no Ethernet
	MTU  int        // bytes of layer 3
	Up   bool       // switched on, and has a carrier
}

// interfaces reads all interfaces. With netlink.ErrDumpInterrupted they are
// complete but for what changed meanwhile.
func (m *Mirror) interfaces() ([]netlink.Link, error) {
	ks, err := m.ask.LinkList()
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("dump links: %w", err)
	}
	return ks, err
}

func newLink(k *netlink.LinkAttrs) Link {
	const up = unix.IFF_UP | unix.IFF_LOWER_UP
	l := Link{Name: k.Name, MTU: k.MTU, Up: k.RawFlags&up == up}
	if len(k.HardwareAddr) == len(l.MAC) { // a tunnel's is an IP address
		l.MAC = header.MAC(k.HardwareAddr)
	}
	return l
}

// portLinks returns the state of the ports by their numbers. One whose interface
// is gone is the zero Link.
func portLinks(ports []Port, ks []netlink.Link) []Link {
	attrs := make(map[int]*netlink.LinkAttrs, len(ks))
	for _, k := range ks {
		attrs[k.Attrs().Index] = k.Attrs()
	}
	var links []Link
	for _, p := range ports {
		if need := int(p.Number) + 1 - len(links); need > 0 {
			links = append(links, make([]Link, need)...)
		}
		if a, ok := attrs[p.Index]; ok {
			links[p.Number] = newLink(a)
		}
	}
	return links
}

// devices returns the interfaces that routes may lead through, in the order of
// their indexes: the ports, and the VLANs on top of them. What else is built on
// a port, or has a port as its member, is none.
func devices(ports []Port, ks []netlink.Link) []device {
	exits := make(map[int]exit, len(ports))
	for _, p := range ports {
		if p.Index != 0 {
			exits[p.Index] = exit{port: p.Number, raw: p.NoEthernet}
		}
	}
	vlans := make(map[int]*netlink.Vlan)
	mtus := make(map[uint16]int, len(ports)) // by port
	for _, k := range ks {
		if e, ok := exits[k.Attrs().Index]; ok {
			mtus[e.port] = k.Attrs().MTU
		}
		if v, ok := k.(*netlink.Vlan); ok {
			vlans[v.Index] = v
		}
	}
	var ds []device
	for _, k := range ks {
		e, ok := findExit(k.Attrs().Index, exits, vlans)
		if !ok {
			continue
		}
		l := newLink(k.Attrs())
		if mtu, ok := mtus[e.port]; ok {
			l.MTU = min(l.MTU, mtu-e.tags.excess())
		}
		ds = append(ds, device{exit: e, index: k.Attrs().Index, mac: l.MAC, mtu: l.MTU})
	}
	slices.SortFunc(ds, func(a, b device) int { return cmp.Compare(a.index, b.index) })
	return ds
}

// findExit returns the exit of an interface: a port's own, or the one of the
// VLAN that it is, at most two tags above a port.
func findExit(index int, exits map[int]exit, vlans map[int]*netlink.Vlan) (exit, bool) {
	var t Tags
	for {
		if e, ok := exits[index]; ok {
			e.tags = t
			return e, !e.raw || t.N == 0
		}
		v, ok := vlans[index]
		// With a NetNsID the parent is in another namespace, and so is its index.
		if !ok || v.NetNsID >= 0 {
			return exit{}, false
		}
		if t, ok = t.inside(v); !ok {
			return exit{}, false
		}
		index = v.ParentIndex
	}
}

// inside returns t with v's tag around it. It reports false for a third tag, and
// for 802.1ad inside of another.
func (t Tags) inside(v *netlink.Vlan) (Tags, bool) {
	if int(t.N) == len(t.ID) || t.QinQ {
		return t, false
	}
	return Tags{
		N: t.N + 1, QinQ: v.VlanProtocol == netlink.VLAN_PROTOCOL_8021AD,
		ID: [2]uint16{uint16(v.VlanId), t.ID[0]},
	}, true
}

// excess returns how many bytes of the tags are at the packet's expense. The kernel
// sends frames that exceed the port's MTU by one 802.1Q tag, and none that are
// longer, though a VLAN in a VLAN may have its port's MTU.
func (t Tags) excess() int {
	if t.QinQ {
		return int(t.N) * header.VLANSize
	}
	return max(int(t.N)-1, 0) * header.VLANSize
}

// names returns the index of every interface by its name.
func names(ks []netlink.Link) map[string]int {
	byName := make(map[string]int, len(ks))
	for _, k := range ks {
		byName[k.Attrs().Name] = k.Attrs().Index
	}
	return byName
}
