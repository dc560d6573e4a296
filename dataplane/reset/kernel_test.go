package reset

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

// TestKernelSendsTheSame has the kernel answer the segments itself:
//
//	client eth0 (raw frames) ── eth0 server, 192.0.2.1, 2001:db8:1::1, no port open
func TestKernelSendsTheSame(t *testing.T) {
	k := newKernel(t)
	for name, tt := range answers() {
		t.Run(name, func(t *testing.T) {
			if got := k.answer(t, tt.segment); !bytes.Equal(got, tt.frame(t)) {
				t.Errorf("the kernel sends\n %x, want\n %x", got, tt.frame(t))
			}
		})
	}
}

// TestKernelIsSilentToo has the kernel refuse to answer what Make does not.
func TestKernelIsSilentToo(t *testing.T) {
	k := newKernel(t)
	marker := answers()["SYN over IPv4"]
	for name, frame := range unanswered() {
		t.Run(name, func(t *testing.T) {
			k.send(t, frame)
			if got := k.answer(t, marker.segment); !bytes.Equal(got, marker.frame(t)) {
				t.Errorf("the kernel sends %x", got)
			}
		})
	}
}

// A kernel answers frames in a network namespace of its own.
type kernel struct {
	client *lab.Host
	fd     int // a packet socket on the client's device
}

func newKernel(t *testing.T) *kernel {
	t.Helper()
	l := labtest.New(t)
	client, err := l.Host("client")
	must(t, err)
	server, err := l.Host("server")
	must(t, err)
	must(t, l.Wire(client, "eth0", server, "eth0", lab.WireOptions{}))
	mac := packettest.DirectorMAC()
	must(t, server.SetMAC("eth0", mac[:]))
	must(t, server.AddAddr("eth0", "192.0.2.1/24", "2001:db8:1::1/64"))
	must(t, server.Sysctl("net.ipv6.auto_flowlabels", "0"))
	for _, gateway := range []string{"192.0.2.254", "2001:db8:1::fe"} {
		must(t, server.Do(func() error { return addNeighbour("eth0", gateway) }))
		must(t, server.Route("default", gateway))
	}
	return &kernel{client, rawSocket(t, client)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
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

func (k *kernel) send(t *testing.T, frame []byte) {
	t.Helper()
	if _, err := unix.Write(k.fd, frame); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// answer returns what comes back for frame, its checksum finished: over IPv6 the
// kernel leaves that to the device, and a veth leaves it alone.
func (k *kernel) answer(t *testing.T, frame []byte) []byte {
	t.Helper()
	c, err := k.client.Capture("eth0")
	must(t, err)
	defer c.Stop()
	k.send(t, frame)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		frames, err := c.Frames()
		must(t, err)
		for _, f := range frames {
			if header.Ethernet(f.Data).Dst() == packettest.ClientMAC() {
				return packettest.Finish(f.Data)
			}
		}
	}
	t.Fatal("the kernel sends nothing")
	return nil
}
