package icmp

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// TestKernelRepliesTheSame has the kernel answer the echo requests itself:
//
//	client eth0 (raw frames) ── eth0 server, 192.0.2.1, 2001:db8:1::1
func TestKernelRepliesTheSame(t *testing.T) {
	l := labtest.New(t)
	client, err := l.Host("client")
	must(t, err)
	server, err := l.Host("server")
	must(t, err)
	must(t, l.Wire(client, "eth0", server, "eth0", lab.WireOptions{}))
	beReached(t, server)
	fd := rawSocket(t, client)
	for name, tt := range replies() {
		t.Run(name, func(t *testing.T) {
			want, got := tt.frame(t), exchange(t, client, fd, tt.request)
			if h, ok := header.ParseIPv4(packettest.Network(want)); ok {
				h.SetID(header.IPv4(packettest.Network(got)).ID())
				want = packettest.Finish(want)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the kernel sends\n %x, want\n %x", got, want)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// beReached gives server its addresses, and the client as its gateway.
func beReached(t *testing.T, server *lab.Host) {
	t.Helper()
	mac := packettest.DirectorMAC()
	must(t, server.SetMAC("eth0", mac[:]))
	must(t, server.AddAddr("eth0", "192.0.2.1/24", "2001:db8:1::1/64"))
	must(t, server.Sysctl("net.ipv6.auto_flowlabels", "0"))
	for _, gateway := range []string{"192.0.2.254", "2001:db8:1::fe"} {
		must(t, server.Do(func() error { return addNeighbour("eth0", gateway) }))
		must(t, server.Route("default", gateway))
	}
}

// addNeighbour says that the client's frames come from addr.
func addNeighbour(dev, addr string) error {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	mac := packettest.ClientMAC()
	return netlink.NeighSet(&netlink.Neigh{
		LinkIndex: link.Attrs().Index, State: unix.NUD_PERMANENT,
		IP: netip.MustParseAddr(addr).AsSlice(), HardwareAddr: net.HardwareAddr(mac[:]),
	})
}

// rawSocket returns a socket that sends frames from eth0 of h.
func rawSocket(t *testing.T, h *lab.Host) (fd int) {
	t.Helper()
	link, err := h.Link("eth0")
	must(t, err)
	must(t, h.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	}))
	t.Cleanup(func() { _ = unix.Close(fd) })
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link.Index}))
	return fd
}

// exchange sends frame from client and returns what comes back.
func exchange(t *testing.T, client *lab.Host, fd int, frame []byte) []byte {
	t.Helper()
	c, err := client.Capture("eth0")
	must(t, err)
	defer c.Stop()
	if _, err := unix.Write(fd, frame); err != nil {
		t.Fatalf("send: %v", err)
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		frames, err := c.Frames()
		must(t, err)
		for _, f := range frames {
			if header.Ethernet(f.Data).Dst() == packettest.ClientMAC() {
				return f.Data
			}
		}
	}
	t.Fatal("the kernel sends nothing")
	return nil
}
