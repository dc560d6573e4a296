package dataplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"

	"xlvs/config"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/xsk"
	"xlvs/lvs"
)

// plainConfig is a director on eth0 and eth1 with a service of both kinds of
// address, of which the host holds none.
func plainConfig(mode config.Mode) *config.Config {
	c := config.Default()
	c.Dataplane.Mode, c.Dataplane.Interfaces, c.Dataplane.MaxConnections = mode, []string{"eth0", "eth1"}, 1000
	c.Services = []config.Service{testService(lvs.UDP, lvs.NAT, real4)}
	return c
}

// occupy attaches somebody else's XDP program, which passes every frame.
func occupy(t *testing.T, name string) {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "pass_all", Type: ebpf.XDP, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()},
	})
	must(t, err)
	l, err := xsk.Attach(linkNamed(t, name).Attrs().Index, p, xsk.Native)
	must(t, err)
	t.Cleanup(func() { l.Close(); p.Close() })
}

// trace is what a director leaves in its namespace and process while it is
// there.
func trace(t *testing.T) string {
	t.Helper()
	links, err := netlink.LinkList()
	must(t, err)
	var names []string
	for _, l := range links {
		name := l.Attrs().Name
		names = append(names, fmt.Sprint(name, " XDP: ", hasXDP(t, name), ", tcx: ", tcxOn(t, name)))
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	must(t, err)
	fds, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return fmt.Sprint(strings.Join(names, "; "), "; ", len(routes), " routes, ", len(fds), " files")
}

// TestFailedOpenLeavesNothing fails at the second interface, when all else is
// open already. The first failure is for what a process opens once.
func TestFailedOpenLeavesNothing(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	occupy(t, "eth1")
	fail := func(mode config.Mode) {
		t.Helper()
		c := plainConfig(mode)
		c.Dataplane.Interface = map[string]config.InterfaceSettings{"eth1": {Mode: config.XDP}}
		if d, err := Open(c, func(err error) { t.Error(err) }); !errors.Is(err, xsk.ErrBusy) {
			d.Close()
			t.Fatalf("Open() = %v, want %v", err, xsk.ErrBusy)
		} else if !strings.Contains(err.Error(), "interface eth1") || !strings.Contains(err.Error(), "pass_all") {
			t.Errorf("Open() = %v, want who is in the way where", err)
		}
	}
	fail(config.XDP)
	before := trace(t)
	for _, mode := range []config.Mode{config.XDP, config.XDPGeneric, config.Packet} {
		fail(mode)
		if after := trace(t); after != before {
			t.Errorf("%s: left\n%s, was\n%s", mode, after, before)
		}
	}
	c := plainConfig(config.XDP)
	c.Dataplane.Interfaces = []string{"eth0"}
	d, err := Open(c, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatalf("Open() without the interface that is taken: %v", err)
	}
	must(t, d.Close())
}

// TestOpenRefuses what cannot be, and leaves nothing either.
func TestOpenRefuses(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	tests := map[string]func(*config.Config){
		"an invalid config":        func(c *config.Config) { c.Services[0].Scheduler = "guess" },
		"a missing interface":      func(c *config.Config) { c.Dataplane.Interfaces[1] = "eth9" },
		"an interface named lo":    func(c *config.Config) { c.Dataplane.Interfaces[1] = "lo" },
		"interfaces named twice":   func(c *config.Config) { c.Dataplane.Interfaces[1] = "eth0" },
		"a mode that nobody knows": func(c *config.Config) { c.Dataplane.Mode = "warp" },
	}
	before := ""
	for name, spoil := range tests {
		c := plainConfig(config.Packet)
		spoil(c)
		for range 2 {
			if d, err := Open(c, func(error) {}); err == nil {
				d.Close()
				t.Fatalf("%s: Open() succeeded", name)
			}
			if before == "" {
				before = trace(t)
			}
		}
		if after := trace(t); after != before {
			t.Errorf("%s: left\n%s, was\n%s", name, after, before)
		}
	}
}

// TestOneDirectorInANamespace: a second one is refused and does the first no
// harm.
func TestOneDirectorInANamespace(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	quiet := func(err error) { t.Error(err) }
	for _, mode := range []config.Mode{config.XDP, config.Packet} {
		empty := trace(t)
		d, err := Open(plainConfig(mode), quiet)
		must(t, err)
		running := trace(t)
		for _, again := range []config.Mode{config.XDP, config.XDPGeneric, config.Packet} {
			if second, err := Open(plainConfig(again), quiet); !errors.Is(err, ErrRunning) {
				second.Close()
				t.Fatalf("%s beside %s: Open() = %v, want %v", again, mode, err, ErrRunning)
			}
			if after := trace(t); after != running {
				t.Errorf("%s beside %s: left\n%s, was\n%s", again, mode, after, running)
			}
		}
		must(t, d.Close())
		if after := trace(t); mode == config.Packet && after != empty {
			t.Errorf("%s: left\n%s, was\n%s", mode, after, empty)
		}
	}
}

// TestPorts has two ports of different kinds count.
func TestPorts(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 2)
	addWire(t, "eth1", 1)
	c := plainConfig(config.XDP)
	c.Dataplane.Workers = 2
	c.Dataplane.Interface = map[string]config.InterfaceSettings{"eth1": {Mode: config.Auto}}
	d, err := Open(c, func(err error) { t.Error(err) })
	must(t, err)
	ended, cancel := running(t, d)
	far := [2]*station{newStation(t, "eth0-far"), newStation(t, "eth1-far")}
	for i := range 20 {
		far[i%2].send(packettest.Frame(datagram(i)))
	}
	var ports []PortStatus
	eventually(t, "all frames are counted", func() bool {
		ports, err = d.Ports()
		must(t, err)
		return ports[0].Rings.Rx == 10 && ports[1].Raw.Rx == 10
	})
	want := []PortStatus{
		{Name: "eth0", Present: true, Mode: config.XDP, Queues: 2, Rings: ports[0].Rings},
		{Name: "eth1", Present: true, Mode: config.Packet, Why: ports[1].Why, Queues: 1, Raw: ports[1].Raw},
	}
	if !slices.Equal(ports, want) || ports[1].Why == "" {
		t.Errorf("Ports() = %+v, want %+v", ports, want)
	}
	cancel()
	must(t, <-ended)
	must(t, d.Close())
}

// running runs d until cancel; ended has what Run returns.
func running(t *testing.T, d *Director) (ended <-chan error, cancel func()) {
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- d.Run(ctx) }()
	return end, cancel
}
