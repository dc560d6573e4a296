package dataplane

import (
	"testing"

	"github.com/vishvananda/netlink"

	"xlvs/config"
)

// newWatching returns a director that knows eth0 and eth1 as they are, and looks
// at them from the calling thread.
func newWatching(t *testing.T, mode config.Mode) *Director {
	t.Helper()
	d := newTestDirector(t).Director
	c := config.Default()
	c.Dataplane.Mode, c.Dataplane.Interfaces = mode, []string{"eth0", "eth1"}
	d.settings = c.Dataplane
	ports, err := findPorts(c.Dataplane)
	must(t, err)
	d.ports = ports
	d.warn = func(err error) { t.Error(err) }
	return d
}

// What happens to eth1 while eth0 stays as it is.
func TestStale(t *testing.T) {
	setMTU := func(n int) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			must(t, netlink.LinkSetMTU(linkNamed(t, "eth1"), n))
		}
	}
	remove := func(t *testing.T) { must(t, netlink.LinkDel(linkNamed(t, "eth1"))) }
	rename := func(t *testing.T) { must(t, netlink.LinkSetName(linkNamed(t, "eth1"), "lan")) }
	tests := map[string]struct {
		mode   config.Mode
		change func(*testing.T)
		stale  bool
		now    string // its name, "" if it is gone
	}{
		"nothing":                    {config.XDP, func(*testing.T) {}, false, "eth1"},
		"down":                       {config.XDP, func(t *testing.T) { must(t, netlink.LinkSetDown(linkNamed(t, "eth1"))) }, false, "eth1"},
		"deleted":                    {config.XDP, remove, true, ""},
		"recreated":                  {config.XDP, func(t *testing.T) { remove(t); addWire(t, "eth1", 1) }, true, "eth1"},
		"renamed":                    {config.XDP, rename, false, "lan"},
		"renamed, and another there": {config.XDP, func(t *testing.T) { rename(t); addLink(t, &netlink.Bridge{LinkAttrs: named("eth1")}) }, true, "eth1"},
		"taken into a bridge":        {config.XDP, enslave, true, ""},
		"an MTU of the same frames":  {config.XDP, setMTU(1400), false, "eth1"},
		"an MTU of larger frames":    {config.XDP, setMTU(3000), true, "eth1"},
		"an MTU of several frames":   {config.XDP, setMTU(9000), true, "eth1"},
		"an MTU of no frames":        {config.XDP, setMTU(20000), true, "eth1"},
		"an MTU in packet mode":      {config.Packet, setMTU(9000), false, "eth1"},
		"deleted in packet mode":     {config.Packet, remove, true, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ownNamespace(t) // a thread of its own
			addWire(t, "eth0", 1)
			addWire(t, "eth1", 1)
			d := newWatching(t, tt.mode)
			tt.change(t)
			ports, err := d.lookAgain()
			must(t, err)
			if ports[0] != d.ports[0] {
				t.Errorf("eth0 has become %+v, was %+v", ports[0], d.ports[0])
			}
			index := 0
			if tt.now != "" {
				index = linkNamed(t, tt.now).Attrs().Index
			}
			if p := ports[1]; p.Index != index || p.Number != 1 || tt.now != "" && p.Name != tt.now {
				t.Errorf("eth1 is now %+v, want %q with index %d", p, tt.now, index)
			}
			if got := d.stale(); got != tt.stale {
				t.Errorf("stale() = %t, want %t", got, tt.stale)
			}
		})
	}
}

func enslave(t *testing.T) {
	addLink(t, &netlink.Bridge{LinkAttrs: named("br0")})
	must(t, netlink.LinkSetMaster(linkNamed(t, "eth1"), linkNamed(t, "br0")))
}

// A port that was gone is found again under its name.
func TestPortComesBack(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 2)
	d := newWatching(t, config.XDP)
	must(t, netlink.LinkDel(linkNamed(t, "eth1")))
	var err error
	d.ports, err = d.lookAgain()
	must(t, err)
	if p := d.ports[1]; p.Index != 0 || p.Name != "eth1" || d.stale() {
		t.Errorf("while it is gone: port is %+v, stale: %t", p, d.stale())
	}
	addWire(t, "eth1", 4)
	if !d.stale() {
		t.Error("stale() = false with the interface back")
	}
	d.ports, err = d.lookAgain()
	must(t, err)
	if p := d.ports[1]; p.Index != linkNamed(t, "eth1").Attrs().Index || p.queues != 4 || d.stale() {
		t.Errorf("port is %+v, stale: %t", p, d.stale())
	}
}

func TestRewire(t *testing.T) {
	d := newTestDirector(t)
	other := new(memQueue)
	d.workers = append(d.workers, newWorker(d.Director, other))
	for _, given := range [][]Queues{{other}, nil, {other, d.queue}} {
		d.rewire(given)
		for i, w := range d.workers {
			want := Queues(noQueues{})
			if i < len(given) {
				want = given[i]
			}
			if w.queues != want {
				t.Errorf("of %d queues worker %d has %v", len(given), i, w.queues)
			}
		}
	}
}
