package rawsock

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// deadline is how long a test waits for what must come.
const deadline = 5 * time.Second

// ownNamespace puts the test's thread into a network namespace that has no name
// and ends with the thread: the test never unlocks it, so it is not used again.
func ownNamespace(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "not root")
	}
	runtime.LockOSThread()
	if err := newNamespace(); err != nil {
		t.Fatal(err)
	}
}

// newNamespace moves the calling thread. Without IPv6 nothing but the test
// speaks on the wires.
func newNamespace() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// skip skips the test for want of something, unless XLVS_PRIVILEGED=1 says that
// nothing is wanting.
func skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("XLVS_PRIVILEGED") == "1" {
		t.Fatalf("%s, but XLVS_PRIVILEGED=1", why)
	}
	t.Skip(why)
}

// A wire is a veth pair: the director's end, and the end of whoever it talks to.
type wire struct{ near, far netlink.Link }

func newWire(t testing.TB, name string) wire {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: name + "-far"}); err != nil {
		t.Fatalf("add veth: %v", err)
	}
	w := wire{linkNamed(t, name), linkNamed(t, name+"-far")}
	setUp(t, w.near, true)
	setUp(t, w.far, true)
	carries(t, w.near)
	carries(t, w.far)
	return w
}

// carries waits until l has its queueing discipline. The one that stands in for
// it before drops every frame and says that all is well.
func carries(t testing.TB, l netlink.Link) {
	t.Helper()
	for end := time.Now().Add(deadline); linkNamed(t, l.Attrs().Name).Attrs().OperState != netlink.OperUp; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come up", l.Attrs().Name)
		}
	}
}

func linkNamed(t testing.TB, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func setUp(t testing.TB, l netlink.Link, up bool) {
	t.Helper()
	set := netlink.LinkSetDown
	if up {
		set = netlink.LinkSetUp
	}
	if err := set(l); err != nil {
		t.Fatalf("set %s up %t: %v", l.Attrs().Name, up, err)
	}
}

// newGroup returns a group that is closed, and has lost no frame, at the end.
func newGroup(t testing.TB, opts Options) *Group {
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

// open opens l as port, without a filter or fanout.
func open(t testing.TB, g *Group, port uint16, l netlink.Link) *Socket {
	t.Helper()
	s, err := g.Open(port, l.Attrs().Index, nil, Fanout{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// numbered returns a frame of an experimental EtherType that says i.
func numbered(i int) []byte {
	b := []byte{0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5}
	b = binary.BigEndian.AppendUint32(b, uint32(i))
	return append(b, bytes.Repeat([]byte{byte(i)}, 46+i%1000)...)
}

// make1 returns a packet of the director's own that holds frame.
func make1(t testing.TB, g *Group, frame []byte) *packet.Packet {
	t.Helper()
	p := new(packet.Packet)
	if !g.NewFrame(p) {
		t.Fatalf("no free frame: %+v", g.Account())
	}
	copy(p.Grow(len(frame)), frame)
	return p
}

// send sends frames and fails the test if they do not all leave.
func send(t testing.TB, s *Socket, ps ...*packet.Packet) {
	t.Helper()
	want := len(ps)
	if n := s.Send(ps); n != want {
		st, err := s.Stats()
		t.Fatalf("Send took %d of %d: %+v %v", n, want, st, err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

// arrive returns the next n packets of s.
func arrive(t testing.TB, g *Group, s *Socket, n int) []*packet.Packet {
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

// silent fails the test if anything has arrived at s.
func silent(t testing.TB, s *Socket) {
	t.Helper()
	ps := make([]packet.Packet, 1)
	if n, err := s.Recv(ps); n != 0 || err != nil {
		t.Errorf("received %d packets, %v, want none; % x", n, err, ps[0].Bytes())
		s.g.Release(pointers(ps[:n]))
	}
}

func pointers(ps []packet.Packet) []*packet.Packet {
	out := make([]*packet.Packet, len(ps))
	for i := range ps {
		out[i] = &ps[i]
	}
	return out
}

// rests fails the test unless all frames are back from the caller.
func rests(t testing.TB, g *Group) {
	t.Helper()
	if a := g.Account(); a.Held != 0 || a.Free+a.Fill != a.Total {
		t.Errorf("Account() = %+v, want no frame held", a)
	}
}
