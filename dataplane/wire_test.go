package dataplane

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
	"xlvs/dataplane/rawsock"
)

// deadline is how long a test waits for what must come.
const deadline = 5 * time.Second

// ownNamespace puts the test's thread into a network namespace that has no name
// and ends with the thread: the test never unlocks it, so it is not used again.
func ownNamespace(t *testing.T) {
	t.Helper()
	privileged(t)
	runtime.LockOSThread()
	must(t, unix.Unshare(unix.CLONE_NEWNET))
	quieten(t)
}

// quieten has nothing but the test speak on the wires.
func quieten(t *testing.T) {
	t.Helper()
	err := os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// privileged skips the test if it is not root's, unless XLVS_PRIVILEGED=1 says
// that it is.
func privileged(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("XLVS_PRIVILEGED") == "1" {
		t.Fatal("not root, but XLVS_PRIVILEGED=1")
	}
	t.Skip("not root")
}

// childVar tells the test binary that it is a process with a network namespace
// of its own.
const childVar = "XLVS_DATAPLANE_CHILD"

// ownProcess runs the test in a process of its own, with a network namespace of
// its own that ends with it: a running director has many threads. It reports
// false in the parent, which has nothing left to do.
func ownProcess(t *testing.T) bool {
	t.Helper()
	privileged(t)
	if os.Getenv(childVar) != "" {
		quieten(t)
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), childVar+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%s in its own process: %v\n%s", t.Name(), err, out)
	}
	return false
}

// must ends the test if err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok, and ends the test if that does not come.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain: %s", deadline, what)
		}
	}
}

// addWire makes a veth pair: the director's end, and that of whoever it talks to,
// called name-far. Both are up.
func addWire(t *testing.T, name string, queues int) {
	t.Helper()
	addLongWire(t, name, queues, 1500)
}

// addLongWire is addWire with another MTU.
func addLongWire(t *testing.T, name string, queues, mtu int) {
	t.Helper()
	a := netlink.NewLinkAttrs()
	a.Name, a.NumTxQueues, a.NumRxQueues, a.MTU = name, queues, queues, mtu
	must(t, netlink.LinkAdd(&netlink.Veth{
		LinkAttrs: a, PeerName: name + "-far", PeerNumTxQueues: uint32(queues), PeerNumRxQueues: uint32(queues), PeerMTU: uint32(mtu),
	}))
	for _, end := range []string{name, name + "-far"} {
		must(t, netlink.LinkSetUp(linkNamed(t, end)))
	}
	for _, end := range []string{name, name + "-far"} {
		eventually(t, end+" comes up", func() bool { return linkNamed(t, end).Attrs().OperState == netlink.OperUp })
	}
}

func linkNamed(t *testing.T, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	must(t, err)
	return l
}

// A station sends and receives on the far end of a wire: whole super-frames, and
// unfinished checksums.
type station struct {
	t     *testing.T
	group *rawsock.Group
	*rawsock.Socket
}

func newStation(t *testing.T, name string) *station {
	t.Helper()
	g, err := rawsock.NewGroup(rawsock.Options{Buffers: 128})
	must(t, err)
	t.Cleanup(func() { g.Close() })
	s, err := g.Open(0, linkNamed(t, name).Attrs().Index, nil, rawsock.Fanout{})
	must(t, err)
	return &station{t, g, s}
}

// send sends p, which stays the caller's.
func (s *station) send(p *packet.Packet) {
	s.t.Helper()
	if s.Transmit([]*packet.Packet{p}) != 1 {
		st, err := s.Stats()
		s.t.Fatalf("station: send: %+v, %v", st, err)
	}
}

// tryRecv returns what has arrived, if anything has.
func (s *station) tryRecv() (frame []byte, gso packet.GSO, ok bool) {
	s.t.Helper()
	ps := make([]packet.Packet, 1)
	n, err := s.Recv(ps)
	must(s.t, err)
	if n == 0 {
		return nil, gso, false
	}
	defer s.group.Release([]*packet.Packet{&ps[0]})
	return append(frame, ps[0].Bytes()...), ps[0].GSO, true
}

// recv returns the next frame, and how it is to be cut.
func (s *station) recv() (frame []byte, gso packet.GSO) {
	s.t.Helper()
	eventually(s.t, "a frame arrives", func() (ok bool) {
		frame, gso, ok = s.tryRecv()
		return ok
	})
	return frame, gso
}
