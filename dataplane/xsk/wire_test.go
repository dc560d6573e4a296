package xsk

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// deadline is how long a test waits for what must come.
const deadline = 5 * time.Second

// ownNamespace puts the test's thread into a network namespace that has no name
// and ends with the thread: the test never unlocks it, so it is not used again.
func ownNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "not root")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("unshare: %v", err)
	}
	// Without IPv6 nothing but the test speaks on the wires.
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// skip skips the test for want of something, unless XLVS_PRIVILEGED=1 says that
// nothing is wanting.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("XLVS_PRIVILEGED") == "1" {
		t.Fatalf("%s, but XLVS_PRIVILEGED=1", why)
	}
	t.Skip(why)
}

// A wire is a veth pair: the director's end, and the end of whoever it talks to.
type wire struct{ near, far netlink.Link }

func newWire(t *testing.T, name string, queues int) wire {
	t.Helper()
	return newLongWire(t, name, queues, 1500)
}

// newLongWire is newWire with another MTU.
func newLongWire(t *testing.T, name string, queues, mtu int) wire {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.NumTxQueues, attrs.NumRxQueues, attrs.MTU = name, queues, queues, mtu
	veth := &netlink.Veth{
		LinkAttrs: attrs, PeerName: name + "-far", PeerMTU: uint32(mtu),
		PeerNumTxQueues: uint32(queues), PeerNumRxQueues: uint32(queues),
	}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatalf("add veth: %v", err)
	}
	w := wire{linkNamed(t, name), linkNamed(t, name+"-far")}
	setUp(t, w.near, true)
	setUp(t, w.far, true)
	return w
}

func linkNamed(t *testing.T, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func setUp(t *testing.T, l netlink.Link, up bool) {
	t.Helper()
	set := netlink.LinkSetDown
	if up {
		set = netlink.LinkSetUp
	}
	if err := set(l); err != nil {
		t.Fatalf("set %s up %t: %v", l.Attrs().Name, up, err)
	}
}

// redirect is the smallest program that needs a socket map. It knows of frames
// over several buffers if frags says so.
func redirect(t *testing.T, m *ebpf.Map, frags bool) *ebpf.Program {
	t.Helper()
	const rxQueueIndex, pass = 16, 2 // offset in struct xdp_md, XDP_PASS
	var flags uint32
	if frags {
		flags = unix.BPF_F_XDP_HAS_FRAGS
	}
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "redirect_all", Type: ebpf.XDP, License: "GPL", Flags: flags,
		Instructions: asm.Instructions{
			asm.LoadMem(asm.R2, asm.R1, rxQueueIndex, asm.Word),
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.Mov.Imm(asm.R3, pass),
			asm.FnRedirectMap.Call(),
			asm.Return(),
		},
	})
	if err != nil {
		t.Fatalf("load program: %v", err)
	}
	t.Cleanup(func() { prog.Close() })
	return prog
}

// newGroup returns a group that is closed, and has lost no frame, at the end.
func newGroup(t *testing.T, opts Options) *Group {
	t.Helper()
	g, err := NewGroup(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		if a := g.Account(); a.Free != a.Total {
			t.Errorf("after Close: %+v, want all frames free", a)
		}
	})
	return g
}

// redirectTo attaches a program to l and returns the map that it redirects by.
func redirectTo(t *testing.T, l netlink.Link, queues int, mode Mode, frags bool) *ebpf.Map {
	t.Helper()
	m, err := NewSocketMap(queues)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	at, err := Attach(l.Attrs().Index, redirect(t, m, frags), mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { at.Close() })
	return m
}

// open opens queue 0 of l as port and makes frames arrive there.
func open(t *testing.T, g *Group, port uint16, l netlink.Link, mode Mode) *Socket {
	t.Helper()
	m := redirectTo(t, l, 1, mode, g.opts.Frags)
	s, err := g.Open(port, l.Attrs().Index, 0, mode)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register(m); err != nil {
		t.Fatal(err)
	}
	return s
}

// A station sends and receives on the far end, through AF_PACKET.
type station struct {
	t  *testing.T
	fd int
}

func newStation(t *testing.T, l netlink.Link) *station {
	t.Helper()
	const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL&0xff<<8 // in network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: l.Attrs().Index}); err != nil {
		t.Fatal(err)
	}
	limit := unix.NsecToTimeval(int64(deadline))
	for _, err := range []error{
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return &station{t, fd}
}

func (s *station) send(frame []byte) {
	s.t.Helper()
	if _, err := unix.Write(s.fd, frame); err != nil {
		s.t.Fatalf("station: send: %v", err)
	}
}

func (s *station) recv() []byte {
	s.t.Helper()
	b := make([]byte, 1<<16)
	n, err := unix.Read(s.fd, b)
	for err == unix.EINTR {
		n, err = unix.Read(s.fd, b)
	}
	if err != nil {
		s.t.Fatalf("station: receive: %v", err)
	}
	return b[:n]
}

// numbered returns a frame of an experimental EtherType that says i.
func numbered(i int) []byte {
	b := []byte{0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5}
	b = binary.BigEndian.AppendUint32(b, uint32(i))
	return append(b, bytes.Repeat([]byte{byte(i)}, 46+i%1000)...)
}

// make1 returns a packet of the director's own that holds frame.
func make1(t *testing.T, g *Group, frame []byte) *packet.Packet {
	t.Helper()
	p := new(packet.Packet)
	if !g.NewFrame(p, len(frame)) {
		t.Fatalf("no free frame: %+v", g.Account())
	}
	copy(p.Grow(len(frame)), frame)
	return p
}

// arrive returns the next n packets of s.
func arrive(t *testing.T, g *Group, s *Socket, n int) []*packet.Packet {
	t.Helper()
	ps := make([]packet.Packet, n)
	got := 0
	for end := time.Now().Add(deadline); got < n && time.Now().Before(end); {
		if err := g.Wait(100 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		k, err := s.Recv(ps[got:])
		if err != nil {
			t.Fatal(err)
		}
		got += k
	}
	if got < n {
		st, err := s.Stats()
		t.Fatalf("%d packets arrived, want %d; %+v %v", got, n, st, err)
	}
	return pointers(ps)
}

func pointers(ps []packet.Packet) []*packet.Packet {
	out := make([]*packet.Packet, len(ps))
	for i := range ps {
		out[i] = &ps[i]
	}
	return out
}

// rests fails the test unless all frames come home: to the pool or to the
// kernel for receiving.
func rests(t *testing.T, g *Group) {
	t.Helper()
	var a Account
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, s := range g.sockets {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			s.reap()
		}
		if a = g.Account(); a.Held == 0 && a.Tx == 0 && a.Free+a.Fill == a.Total {
			return
		}
	}
	t.Errorf("frames do not come home: %+v", a)
}
