package lab_test

import (
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
)

// pair is two hosts on one wire: a 192.0.2.1, b 192.0.2.2.
func pair(t *testing.T, opts lab.WireOptions) (a, b *lab.Host) {
	t.Helper()
	l := labtest.New(t)
	a, b = host(t, l, "a"), host(t, l, "b")
	must(t, l.Wire(a, "eth0", b, "eth0", opts))
	must(t, a.AddAddr("eth0", "192.0.2.1/24", "2001:db8::1/64"))
	must(t, b.AddAddr("eth0", "192.0.2.2/24", "2001:db8::2/64"))
	return a, b
}

func TestWireCarries(t *testing.T) {
	a, b := pair(t, lab.WireOptions{})
	serve(t, b, ":80")
	for server, want := range map[string]string{
		"192.0.2.2:80":     "192.0.2.1",
		"[2001:db8::2]:80": "2001:db8::1",
	} {
		if got := seenFrom(t, a, server); got != want {
			t.Errorf("%s sees %q, want %q", server, got, want)
		}
	}
}

func TestWireCarriesDatagrams(t *testing.T) {
	a, b := pair(t, lab.WireOptions{})
	server, err := b.ListenPacket("udp", "192.0.2.2:53")
	must(t, err)
	defer func() { _ = server.Close() }()
	client, err := a.Dial(t.Context(), "udp", "192.0.2.2:53")
	must(t, err)
	defer func() { _ = client.Close() }()
	_, err = client.Write([]byte("who is there"))
	must(t, err)
	buf := make([]byte, 64)
	n, from, err := server.ReadFrom(buf)
	must(t, err)
	if string(buf[:n]) != "who is there" || from.String() != client.LocalAddr().String() {
		t.Errorf("got %q from %v, want %q from %v", buf[:n], from, "who is there", client.LocalAddr())
	}
}

func TestWireOptions(t *testing.T) {
	tests := map[string]struct {
		opts        lab.WireOptions
		queues, mtu int
	}{
		"zero value":  {lab.WireOptions{}, 1, 1500},
		"four queues": {lab.WireOptions{Queues: 4}, 4, 1500},
		"jumbo":       {lab.WireOptions{MTU: 9000}, 1, 9000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, tt.opts)
			for _, h := range []*lab.Host{a, b} {
				link, err := h.Link("eth0")
				must(t, err)
				rx, tx := queues(t, h, "eth0")
				if rx != tt.queues || tx != tt.queues || link.MTU != tt.mtu {
					t.Errorf("%s receives on %d queues and sends on %d, MTU %d, want %d, %d, %d",
						h.Name(), rx, tx, link.MTU, tt.queues, tt.queues, tt.mtu)
				}
			}
		})
	}
}

// queues returns how many queues dev uses. A link's own numbers say for how
// many it has room, so this counts in a /sys mounted inside the host, in a
// mount namespace that ends with the thread.
func queues(t *testing.T, h *lab.Host, dev string) (rx, tx int) {
	t.Helper()
	sys := t.TempDir()
	must(t, h.Do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		if err := unix.Mount("sysfs", sys, "sysfs", unix.MS_RDONLY, ""); err != nil {
			return err
		}
		r, err := filepath.Glob(filepath.Join(sys, "class/net", dev, "queues/rx-*"))
		if err != nil {
			return err
		}
		s, err := filepath.Glob(filepath.Join(sys, "class/net", dev, "queues/tx-*"))
		rx, tx = len(r), len(s)
		return err
	}))
	return rx, tx
}

func TestWireTwice(t *testing.T) {
	l := labtest.New(t)
	a, b := host(t, l, "a"), host(t, l, "b")
	must(t, l.Wire(a, "eth0", b, "eth0", lab.WireOptions{}))
	if err := l.Wire(a, "eth1", b, "eth0", lab.WireOptions{}); err == nil {
		t.Error("a second wire on eth0 of b succeeded")
	}
}

func TestSetMAC(t *testing.T) {
	a, _ := pair(t, lab.WireOptions{})
	want := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	must(t, a.SetMAC("eth0", want))
	link, err := a.Link("eth0")
	must(t, err)
	if got := link.HardwareAddr; got.String() != want.String() {
		t.Errorf("mac address = %v, want %v", got, want)
	}
}

// TestSwitchPorts plugs hosts whose names are too long for a device.
func TestSwitchPorts(t *testing.T) {
	l := labtest.New(t)
	sw, err := l.Switch("switch")
	must(t, err)
	for _, name := range []string{"a", "real-server-with-a-name"} {
		h := host(t, l, name)
		must(t, sw.Plug(h, "eth0", lab.WireOptions{}))
		if _, err := sw.Link(sw.Port(h, "eth0")); err != nil {
			t.Error(err)
		}
	}
}
