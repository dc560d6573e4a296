package host

import (
	"bytes"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// deadline is how long a test waits for what must come.
const deadline = 5 * time.Second

// A lab is two network namespaces without names; they end with the sockets and
// the thread that use them. The test's thread stays in the director's. Whoever
// talks to the director has an address that the other namespace does not know,
// so that its kernel keeps out of it.
//
//	director                             peers
//	  in   192.0.2.9    2001:db8::9   ─── in    (192.0.2.77    2001:db8::77)
//	  out  198.51.100.9 2001:db8:1::9 ─── out   (198.51.100.77 2001:db8:1::77)
type lab struct {
	t       testing.TB
	in, out *wire
	ports   []Port
}

// Port numbers.
const (
	in  = 4
	out = 7
)

// A wire is a veth pair and an AF_PACKET socket at its far end.
type wire struct {
	t         testing.TB
	link      netlink.Link // the director's end
	near, far header.MAC
	fd        int
}

func newLab(t testing.TB) *lab {
	t.Helper()
	privileged(t)
	// Never unlocked: the thread must end with the test's goroutine.
	runtime.LockOSThread()
	theirs := newNamespace(t)
	defer theirs.Close()
	ours := newNamespace(t)
	defer ours.Close()
	l := &lab{t: t}
	l.in = l.wire(ours, theirs, "in", "192.0.2.9/24", "192.0.2.77", "2001:db8::9/64", "2001:db8::77")
	l.out = l.wire(ours, theirs, "out", "198.51.100.9/24", "198.51.100.77", "2001:db8:1::9/64", "2001:db8:1::77")
	l.ports = []Port{{in, l.in.link.Attrs().Index}, {out, l.out.link.Attrs().Index}}
	return l
}

// privileged skips the test without root, or fails it where root is promised.
func privileged(t testing.TB) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("XLVS_PRIVILEGED") == "1":
		t.Fatal("XLVS_PRIVILEGED is set, but this is not root")
	default:
		t.Skip("needs root for network namespaces")
	}
}

// newNamespace moves the thread to a new namespace in which nobody asks for
// addresses, or for anything else, on his own.
func newNamespace(t testing.TB) netns.NsHandle {
	t.Helper()
	ns, err := netns.New()
	must(t, err)
	set(t, "ipv6/conf/default/accept_dad", "0")
	set(t, "ipv6/conf/default/router_solicitations", "0")
	lo, err := netlink.LinkByName("lo")
	must(t, err)
	must(t, netlink.LinkSetUp(lo))
	return ns
}

func set(t testing.TB, sysctl, value string) {
	t.Helper()
	must(t, os.WriteFile("/proc/sys/net/"+sysctl, []byte(value), 0))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wire joins the namespaces. Of addrs every second one is the far end's.
func (l *lab) wire(ours, theirs netns.NsHandle, name string, addrs ...string) *wire {
	t := l.t
	t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: name, PeerNamespace: netlink.NsFd(int(theirs))}
	veth.Name = name
	must(t, netlink.LinkAdd(veth))
	must(t, netlink.LinkSetUp(veth))
	near, err := netlink.LinkByName(name)
	must(t, err)
	w := &wire{t: t, link: near, near: header.MAC(near.Attrs().HardwareAddr)}
	must(t, netns.Set(theirs))
	far, err := netlink.LinkByName(name)
	must(t, err)
	must(t, netlink.LinkSetUp(far))
	w.far = header.MAC(far.Attrs().HardwareAddr)
	w.fd = packetSocket(t, far.Attrs().Index)
	must(t, netns.Set(ours))
	for i := 0; i < len(addrs); i += 2 {
		a, err := netlink.ParseAddr(addrs[i])
		must(t, err)
		must(t, netlink.AddrAdd(near, a))
		must(t, netlink.NeighAdd(&netlink.Neigh{
			LinkIndex: near.Attrs().Index, State: netlink.NUD_PERMANENT,
			IP: netip.MustParseAddr(addrs[i+1]).AsSlice(), HardwareAddr: w.far[:],
		}))
	}
	return w
}

// packetSocket returns a socket for all that the interface receives.
func packetSocket(t testing.TB, ifindex int) int {
	t.Helper()
	const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL&0xff<<8 // in network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: ifindex}))
	must(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
	limit := unix.NsecToTimeval(int64(50 * time.Millisecond))
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
	return fd
}

// received returns p as the wire's port would have received frame from a station
// at the far end.
func (w *wire) received(number uint16, frame []byte) *packet.Packet {
	p := packettest.Frame(packettest.MACs(frame, w.far, w.near))
	p.In = number
	return p
}

// await returns the next frame at the far end for which ok is true.
func (w *wire) await(what string, ok func(frame []byte) bool) []byte {
	w.t.Helper()
	return await(w.t, w.fd, what, ok)
}

// await returns the next frame from a socket for which ok is true.
func await(t testing.TB, fd int, what string, ok func(frame []byte) bool) []byte {
	t.Helper()
	b := make([]byte, 1<<16)
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		n, err := unix.Read(fd, b)
		if err == nil && ok(b[:n]) {
			return bytes.Clone(b[:n])
		}
	}
	t.Fatalf("nobody sees %s", what)
	return nil
}

// silent fails the test if a frame comes for which ok is true.
func silent(t testing.TB, fd int, what string, ok func(frame []byte) bool) {
	t.Helper()
	b := make([]byte, 1<<16)
	for {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil { // the time is over
			return
		}
		if ok(b[:n]) {
			t.Fatalf("%s: % x", what, b[:n])
		}
	}
}

// eventually waits until ok, which must come soon.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// kinds are the ways to open a door.
var kinds = map[string]func([]Port, Options) (*Door, error){"tap": Open, "live": OpenLive}

// forKinds runs test in a lab of its own for each kind of door.
func forKinds(t *testing.T, test func(t *testing.T, l *lab, d *Door)) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			test(t, l, l.open(open))
		})
	}
}

// open returns a door to both ports, which is closed with the test.
func (l *lab) open(how func([]Port, Options) (*Door, error)) *Door {
	l.t.Helper()
	d, err := how(l.ports, Options{})
	must(l.t, err)
	l.t.Cleanup(func() {
		if err := d.Close(); err != nil {
			l.t.Error(err)
		}
	})
	return d
}

// give gives p back, which must work.
func give(t testing.TB, d *Door, p *packet.Packet) {
	t.Helper()
	if got := d.Give(p); got != Given {
		t.Fatalf("Give of %d bytes from port %d: %v", p.Len(), p.In, got)
	}
}

func setMTU(t *testing.T, name string, mtu int) {
	t.Helper()
	l, err := netlink.LinkByName(name)
	must(t, err)
	must(t, netlink.LinkSetMTU(l, mtu))
}
