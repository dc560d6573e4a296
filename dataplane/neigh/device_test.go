package neigh

import (
	"net"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
)

// attrs returns the attributes of an interface that is up.
func attrs(index int, mac ...byte) netlink.LinkAttrs {
	a := netlink.NewLinkAttrs()
	a.Index, a.MTU, a.HardwareAddr = index, 1500, net.HardwareAddr(mac)
	a.RawFlags = unix.IFF_UP | unix.IFF_LOWER_UP
	return a
}

// vlan returns a VLAN on top of parent.
func vlan(index, parent, id int, protocol netlink.VlanProtocol) *netlink.Vlan {
	a := attrs(index, 2, 0, 0, 0, 1, byte(index))
	a.ParentIndex = parent
	return &netlink.Vlan{LinkAttrs: a, VlanId: id, VlanProtocol: protocol}
}

func TestDevices(t *testing.T) {
	const q, ad = netlink.VLAN_PROTOCOL_8021Q, netlink.VLAN_PROTOCOL_8021AD
	eth := &netlink.Device{LinkAttrs: attrs(7, ourMAC[:]...)}
	member := attrs(7, ourMAC[:]...)
	member.MasterIndex = 20
	elsewhere := vlan(10, 7, 100, q)
	elsewhere.NetNsID = 0
	macvlan := &netlink.Macvlan{LinkAttrs: attrs(30, 2, 0, 0, 0, 0, 30)}
	macvlan.ParentIndex = 7
	own := device{exit{port: 3}, 7, ourMAC, 1500}
	on := func(index int, tags Tags) device {
		return device{exit{tags: tags, port: 3}, index, header.MAC{2, 0, 0, 0, 1, byte(index)}, 1500}
	}
	one := Tags{N: 1, ID: [2]uint16{100}}
	roomy := attrs(7, ourMAC[:]...)
	roomy.MTU = 1508
	short := func(d device, by int) device {
		d.mtu -= by
		return d
	}
	tests := map[string]struct {
		links []netlink.Link
		want  []device
	}{
		"nothing there":        {nil, nil},
		"port alone":           {[]netlink.Link{eth}, []device{own}},
		"other interface":      {[]netlink.Link{&netlink.Device{LinkAttrs: attrs(8)}}, nil},
		"VLAN":                 {[]netlink.Link{eth, vlan(10, 7, 100, q)}, []device{own, on(10, one)}},
		"VLAN before its port": {[]netlink.Link{vlan(10, 7, 100, q), eth}, []device{own, on(10, one)}},
		"service VLAN":         {[]netlink.Link{vlan(10, 7, 100, ad)}, []device{on(10, Tags{N: 1, QinQ: true, ID: [2]uint16{100}})}},
		"VLAN in a VLAN": {
			[]netlink.Link{vlan(10, 7, 100, q), vlan(11, 10, 200, q)},
			[]device{on(10, one), on(11, Tags{N: 2, ID: [2]uint16{100, 200}})},
		},
		"QinQ, inner index first": {
			[]netlink.Link{vlan(11, 12, 200, q), vlan(12, 7, 100, ad)},
			[]device{on(11, Tags{2, true, [2]uint16{100, 200}}), on(12, Tags{1, true, [2]uint16{100}})},
		},
		"service VLAN in a VLAN":      {[]netlink.Link{vlan(10, 7, 100, q), vlan(11, 10, 200, ad)}, []device{on(10, one), on(11, Tags{N: 2, ID: [2]uint16{100, 200}})}[:1]},
		"three VLANs deep":            {[]netlink.Link{vlan(10, 7, 1, q), vlan(11, 10, 2, q), vlan(12, 11, 3, q)}, []device{on(10, Tags{N: 1, ID: [2]uint16{1}}), on(11, Tags{N: 2, ID: [2]uint16{1, 2}})}},
		"VLAN on another interface":   {[]netlink.Link{vlan(10, 8, 100, q)}, nil},
		"VLAN of a foreign namespace": {[]netlink.Link{elsewhere}, nil},
		"VLAN on itself":              {[]netlink.Link{vlan(10, 10, 100, q)}, nil},
		"VLAN without a parent":       {[]netlink.Link{vlan(10, 0, 100, q)}, nil},
		"VLAN that is a port itself":  {[]netlink.Link{vlan(9, 7, 100, q)}, []device{{exit{port: 4}, 9, header.MAC{2, 0, 0, 0, 1, 9}, 1500}}},
		"VLAN without Ethernet":       {[]netlink.Link{vlan(10, 6, 100, q)}, nil},
		"bridge over the port":        {[]netlink.Link{&netlink.Device{LinkAttrs: member}, &netlink.Bridge{LinkAttrs: attrs(20)}}, []device{own}},
		"macvlan on the port":         {[]netlink.Link{eth, macvlan}, []device{own}},
		"VLAN in a VLAN on the port": {
			[]netlink.Link{eth, vlan(10, 7, 100, q), vlan(11, 10, 200, q)},
			[]device{own, on(10, one), short(on(11, Tags{N: 2, ID: [2]uint16{100, 200}}), 4)},
		},
		"QinQ on the port": {
			[]netlink.Link{eth, vlan(11, 12, 200, q), vlan(12, 7, 100, ad)},
			[]device{own, short(on(11, Tags{2, true, [2]uint16{100, 200}}), 8), short(on(12, Tags{1, true, [2]uint16{100}}), 4)},
		},
		"QinQ on a port with room": {
			[]netlink.Link{&netlink.Device{LinkAttrs: roomy}, vlan(11, 12, 200, q), vlan(12, 7, 100, ad)},
			[]device{
				{exit{port: 3}, 7, ourMAC, 1508}, on(11, Tags{2, true, [2]uint16{100, 200}}), on(12, Tags{1, true, [2]uint16{100}}),
			},
		},
		"tunnel": {[]netlink.Link{&netlink.Iptun{LinkAttrs: attrs(6, 192, 0, 2, 1)}}, []device{{exit{port: 5, raw: true}, 6, header.MAC{}, 1500}}},
	}
	ports := []Port{{Number: 3, Index: 7}, {Number: 4, Index: 9}, {Number: 5, Index: 6, NoEthernet: true}, {Number: 8}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := devices(ports, tt.links); !slices.Equal(got, tt.want) {
				t.Errorf("devices =\n%+v, want\n%+v", got, tt.want)
			}
		})
	}
}

func TestPortLinks(t *testing.T) {
	down, tunnel := attrs(7, ourMAC[:]...), attrs(6, 192, 0, 2, 1)
	down.RawFlags, down.Name = unix.IFF_UP, "eth0"
	got := portLinks(
		[]Port{{Number: 2, Index: 7}, {Number: 0, Index: 6}, {Number: 4}},
		[]netlink.Link{&netlink.Device{LinkAttrs: down}, &netlink.Iptun{LinkAttrs: tunnel}},
	)
	want := []Link{0: {MTU: 1500, Up: true}, 2: {Name: "eth0", MAC: ourMAC, MTU: 1500}, 4: {}}
	if !slices.Equal(got, want) {
		t.Errorf("portLinks = %+v, want %+v", got, want)
	}
}

// withDevices has the mirror's routes lead through ds by their places in it.
func withDevices(m *Mirror, ds []device, via ...route) {
	f := m.view.Load().facts
	f.devices, f.routes = ds, via
	for i := range f.routes {
		f.routes[i].exit = ds[i].exit
	}
	if _, err := m.publish(freeze(f, 1)); err != nil {
		panic(err)
	}
}

func TestHopThroughVLAN(t *testing.T) {
	m := offline(0, Options{})
	tags := Tags{N: 2, QinQ: true, ID: [2]uint16{100, 200}}
	mac := header.MAC{2, 0, 0, 0, 1, 10}
	withDevices(m,
		[]device{{exit{port: 3}, inside, ourMAC, 1500}, {exit{tags: tags, port: 3}, inside, mac, 1492}},
		prefix("192.0.2.0/24"), prefix("198.51.100.0/24"))
	plain, tagged := m.Hop(m.Route(addr("192.0.2.7"))), m.Hop(m.Route(addr("198.51.100.7")))
	if plain.Tags.N != 0 || plain.Src != ourMAC || plain.MTU != 1500 {
		t.Errorf("hop of the port: %+v", *plain)
	}
	want := Hop{Port: 3, State: Pending, Tags: tags, Src: mac, MTU: 1492, Source: addr("192.0.2.9"), Gateway: addr("198.51.100.7")}
	if *tagged != want {
		t.Errorf("hop of the VLAN: %+v, want %+v", *tagged, want)
	}
}

func TestHopWithoutEthernet(t *testing.T) {
	m := offline(0, Options{})
	raw := device{exit{port: 5, raw: true}, inside, header.MAC{}, 1420}
	by := prefix("198.51.100.0/24")
	by.gateway = addr("192.0.2.1")
	withDevices(m, []device{raw, raw}, prefix("192.0.2.0/24"), by)
	near, far := m.Route(addr("192.0.2.7")), m.Route(addr("198.51.100.7"))
	want := Hop{Port: 5, State: Reachable, Raw: true, MTU: 1420, Source: addr("192.0.2.9")}
	if got := *m.Hop(near); got != want {
		t.Errorf("hop without a gateway: %+v, want %+v", got, want)
	}
	want.Gateway = addr("192.0.2.1")
	if got := *m.Hop(far); got != want {
		t.Errorf("hop by gateway: %+v, want %+v", got, want)
	}
	if other := m.Route(addr("192.0.2.8")); other != near {
		t.Errorf("hops %#x, %#x: want one for all neighbours", near, other)
	}
	m.Resolve(near)
	m.Keep(far)
	if len(m.asks) != 0 {
		t.Errorf("%d hops asked about, want none", len(m.asks))
	}
}
