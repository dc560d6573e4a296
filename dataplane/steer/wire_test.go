package steer

import (
	"encoding/binary"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// deadline is how long a test waits for what must come.
const deadline = 5 * time.Second

// ownNamespace puts the test's thread into a network namespace that has no name
// and ends with the thread: the test never unlocks it, so it is not used again.
func ownNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, unix.EPERM)
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("unshare: %v", err)
	}
	// On one processor, frames arrive in the order they are sent.
	var cpus, one unix.CPUSet
	must(t, unix.SchedGetaffinity(0, &cpus))
	for i := 0; one.Count() == 0; i++ {
		if cpus.IsSet(i) {
			one.Set(i)
		}
	}
	must(t, unix.SchedSetaffinity(0, &one))
	// Nothing but the test shall speak on the wire, and every question be answered.
	for name, value := range map[string]string{"ipv6/conf/default/disable_ipv6": "1", "ipv4/icmp_ratelimit": "0"} {
		if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// A wire is a veth pair whose near end is the host's, with the VIP 192.0.2.1.
// The client is at the far end, in the same namespace, so that a frame keeps the
// mark of the socket that sends it.
type wire struct{ near, far netlink.Link }

func newWire(t *testing.T) wire {
	t.Helper()
	ownNamespace(t)
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr = "eth0", 9000, mac(packettest.DirectorMAC())
	must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "eth0-far", PeerMTU: 9000}))
	w := wire{linkNamed(t, "eth0"), linkNamed(t, "eth0-far")}
	must(t, netlink.LinkSetUp(w.far))
	must(t, netlink.LinkSetUp(w.near))
	// A device drops what it is given to send until it has noticed its carrier.
	for _, name := range []string{"eth0", "eth0-far"} {
		for start := time.Now(); linkNamed(t, name).Attrs().OperState != netlink.OperUp; time.Sleep(time.Millisecond) {
			if time.Since(start) > deadline {
				t.Fatalf("%s does not come up", name)
			}
		}
	}
	index := w.near.Attrs().Index
	must(t, netlink.AddrAdd(w.near, &netlink.Addr{IPNet: netlink.NewIPNet(net.IPv4(192, 0, 2, 1))}))
	must(t, netlink.RouteAdd(&netlink.Route{LinkIndex: index, Dst: netlink.NewIPNet(net.ParseIP(client4)), Scope: netlink.SCOPE_LINK}))
	must(t, netlink.NeighAdd(&netlink.Neigh{
		LinkIndex: index, State: netlink.NUD_PERMANENT, IP: net.ParseIP(client4), HardwareAddr: mac(packettest.ClientMAC()),
	}))
	return w
}

func mac(m header.MAC) net.HardwareAddr { return m[:] }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func linkNamed(t *testing.T, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	must(t, err)
	return l
}

// A station is a packet socket on one end of a wire.
type station struct {
	t  *testing.T
	fd int
}

// newStation returns a station that hears what filter, a socket filter's file
// descriptor, lets it hear, or all if filter is -1.
func newStation(t *testing.T, l netlink.Link, filter int) *station {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	if filter >= 0 {
		must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, filter))
	}
	limit := unix.NsecToTimeval(int64(deadline))
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
	must(t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1))
	const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL&0xff<<8 // in network byte order
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: l.Attrs().Index}))
	return &station{t, fd}
}

// send sends frames that carry the mark.
func (s *station) send(mark int, frame []byte) {
	s.t.Helper()
	must(s.t, unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_MARK, mark))
	if _, err := unix.Write(s.fd, frame); err != nil {
		s.t.Fatalf("send: %v", err)
	}
}

func (s *station) recv() []byte {
	s.t.Helper()
	b := make([]byte, 10_000)
	n, err := unix.Read(s.fd, b)
	for err == unix.EINTR {
		n, err = unix.Read(s.fd, b)
	}
	if err != nil {
		s.t.Fatalf("receive: %v", err)
	}
	return b[:n]
}

// hears fails the test unless s receives frames of these clients, in order, and
// no more. No frame overtakes another: when somebody has heard of the last
// question, there is nothing more to come.
func (s *station) hears(when string, want []uint16) {
	s.t.Helper()
	var got []uint16
	for range want {
		got = append(got, client(s.recv()))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: hears of clients %d, want %d", when, got, want)
	}
	if n, _, err := unix.Recvfrom(s.fd, make([]byte, 1), unix.MSG_DONTWAIT); err != unix.EAGAIN {
		s.t.Errorf("%s: hears more: %d bytes, %v", when, n, err)
	}
}

// client returns the client's port in a question or an answer, 0 in others.
func client(frame []byte) uint16 {
	f, ok := read(frame)
	switch vip := addr("192.0.2.1"); {
	case ok && f.tuple.Dst == vip: // also in a quotation
		return f.tuple.SrcPort
	case ok && f.tuple.Src == vip:
		return f.tuple.DstPort
	}
	return 0
}

// A question is a frame that the host answers, unless somebody keeps it from it.
type question struct {
	mark  int
	frame []byte
}

// questions are found by their client's port.
func questions() map[uint16]question {
	to := func(port, service string) []byte { return packettest.UDP(client4+":"+port, "192.0.2.1:"+service, "?") }
	return map[uint16]question{
		1001: {0, to("1001", "53")},
		1002: {0, packettest.TCP(client4+":1002", "192.0.2.1:80", header.FlagSYN, "")},
		1003: {0, to("1003", "54")},
		1004: {HostMark, to("1004", "53")},
		1005: {HostMark + 1, to("1005", "53")},
		1006: {0, packettest.UDP(client4+":1006", "192.0.2.1:53", string(make([]byte, 8000)))},
		1007: {0, packettest.VLAN(to("1007", "53"), 7)},
		1008: {0, packettest.TCP(client4+":1008", "192.0.2.1:22", header.FlagSYN, "")},
	}
}

// Who gets what of the questions, the last of which is to the host.
func toDirector() []uint16 { return []uint16{1001, 1002, 1005, 1006, 1007} }
func toHost() []uint16     { return []uint16{1003, 1004, 1008} }
func answerable() []uint16 { return []uint16{1001, 1002, 1003, 1004, 1005, 1006, 1008} } // the host has no VLAN

// ask sends all questions, in their order.
func (s *station) ask() {
	s.t.Helper()
	all := questions()
	for _, port := range slices.Sorted(maps.Keys(all)) {
		s.send(all[port].mark, all[port].frame)
	}
}

// pieces sends a frame in a socket buffer that has nothing but the Ethernet
// header in its first piece.
func (s *station) pieces(frame []byte) {
	s.t.Helper()
	const vnetHeaderSize, headerLenAt = 10, 2 // struct virtio_net_hdr
	must(s.t, unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1))
	h := make([]byte, vnetHeaderSize)
	binary.NativeEndian.PutUint16(h[headerLenAt:], ethernetSize)
	if _, err := unix.Write(s.fd, append(h, frame...)); err != nil {
		s.t.Fatalf("send in pieces: %v", err)
	}
}
