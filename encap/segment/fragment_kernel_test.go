package segment

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
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestKernelReassembles sends datagrams in fragments to a socket:
//
//	near eth0 (raw frames) ── eth0 far, 192.0.2.1
func TestKernelReassembles(t *testing.T) {
	l := labtest.New(t)
	near, far := host(t, l, "near"), host(t, l, "far")
	must(t, l.Wire(near, "eth0", far, "eth0", lab.WireOptions{}))
	beGateway(t, far, "eth0", "192.0.2.1/24")
	socket, err := far.ListenPacket("udp4", virtual4)
	must(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	fd := rawSocket(t, near)
	frame := fragmentable(packettest.UDP(client4, virtual4, text(8192)), 0)
	for i, mtu := range []int{1500, 576, 68} {
		first := fragments(t, unfinished4(t, frame), mtu, uint16(100+i))
		again := cutAll(t, fragments(t, packet4(t, fragmentable(frame, uint16(200+i))), mtu, 0), max(mtu/2, 68))
		for _, ps := range [][]*packet.Packet{first, again} {
			for _, p := range ps {
				_, err := unix.Write(fd, p.Bytes())
				must(t, err)
			}
			wantDatagram(t, socket, text(8192))
		}
	}
}

// TestKernelFragmentsTheSame has the kernel forward the same packets to where
// the MTU is less:
//
//	near eth0 (raw frames) ── eth0 router, 192.0.2.1, eth1 ── eth0 far (captured)
func TestKernelFragmentsTheSame(t *testing.T) {
	l := labtest.New(t)
	near, router, far := host(t, l, "near"), host(t, l, "router"), host(t, l, "far")
	must(t, l.Wire(near, "eth0", router, "eth0", lab.WireOptions{MTU: 9000}))
	must(t, l.Wire(router, "eth1", far, "eth0", lab.WireOptions{MTU: 777}))
	must(t, router.Sysctl("net.ipv4.ip_forward", "1"))
	beGateway(t, router, "eth0", "203.0.113.1/24")
	must(t, router.AddAddr("eth1", "192.0.2.254/24"))
	must(t, router.Do(func() error { return addNeighbour("eth1", "192.0.2.1", packettest.DirectorMAC()) }))
	fd, mac := rawSocket(t, near), packettest.DirectorMAC()
	for _, name := range []string{"UDP", "SCTP", "options"} {
		frame := packettest.TTL(wholes(3000)[name], 63)
		for piece, p := range map[string]*packet.Packet{
			"whole":            packet4(t, frame),
			"a first fragment": fragments(t, packet4(t, frame), 1800, 7)[0],
			"a last fragment":  fragments(t, packet4(t, frame), 1800, 7)[1],
		} {
			t.Run(name+", "+piece, func(t *testing.T) {
				want := fragments(t, p, 777, 7)
				c, err := far.Capture("eth0")
				must(t, err)
				defer c.Stop()
				_, err = unix.Write(fd, packettest.TTL(p.Bytes(), 64))
				must(t, err)
				got := forwarded(t, c, mac, len(want))
				for i, p := range want {
					if !bytes.Equal(got[i], p.Bytes()[p.L3:]) {
						t.Errorf("fragment %d\nthe kernel's %x\nwant         %x", i, got[i], p.Bytes()[p.L3:])
					}
				}
			})
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// beGateway gives h an address on dev, where the frames that are built go.
// Clients are behind there, at an address of the same network.
func beGateway(t *testing.T, h *lab.Host, dev, addr string) {
	t.Helper()
	mac, gateway := packettest.DirectorMAC(), netip.MustParsePrefix(addr).Addr().Next().String()
	must(t, h.SetMAC(dev, mac[:]))
	must(t, h.AddAddr(dev, addr))
	must(t, h.Do(func() error { return addNeighbour(dev, gateway, packettest.ClientMAC()) }))
	must(t, h.Route("default", gateway))
}

// addNeighbour says which station on dev has addr.
func addNeighbour(dev, addr string, mac header.MAC) error {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return err
	}
	return netlink.NeighSet(&netlink.Neigh{
		LinkIndex: link.Attrs().Index, State: unix.NUD_PERMANENT,
		IP: netip.MustParseAddr(addr).AsSlice(), HardwareAddr: mac[:],
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

// wantDatagram reads from the socket, once.
func wantDatagram(t *testing.T, socket net.PacketConn, want string) {
	t.Helper()
	b := make([]byte, 1<<16)
	must(t, socket.SetReadDeadline(time.Now().Add(5*time.Second)))
	n, from, err := socket.ReadFrom(b)
	must(t, err)
	if from.String() != client4 || string(b[:n]) != want {
		t.Errorf("%d bytes from %v, want %d from %s", n, from, len(want), client4)
	}
}

// forwarded returns the first n packets to mac that c has captured.
func forwarded(t *testing.T, c *lab.Capture, mac header.MAC, n int) (packets [][]byte) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); len(packets) < n; time.Sleep(time.Millisecond) {
		all, err := c.Frames()
		must(t, err)
		packets = nil
		for _, f := range all {
			if header.Ethernet(f.Data).Dst() == mac {
				packets = append(packets, packettest.Network(f.Data))
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%d packets arrive, want %d", len(packets), n)
		}
	}
	return packets
}
