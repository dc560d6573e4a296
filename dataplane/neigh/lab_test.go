package neigh

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A lab is two network namespaces without names; they end with the sockets and
// the thread that use them. The test's thread stays in the director's.
//
//	director                              peers
//	  in     192.0.2.9    2001:db8::9    ─── in     192.0.2.1    2001:db8::1
//	  out    198.51.100.9 2001:db8:1::9  ─── out    198.51.100.1 2001:db8:1::1
//	  other  203.0.113.9 (is no port)    ─── other
type lab struct {
	t        *testing.T
	theirs   netns.NsHandle
	peers    *netlink.Handle
	ports    []Port
	notified chan struct{} // one signal for one call or more
	locals   chan struct{}
}

const (
	in  = 4 // port numbers
	out = 7
)

func newLab(t *testing.T) *lab {
	t.Helper()
	privileged(t)
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	// Never unlocked: the thread must end with the test's goroutine.
	runtime.LockOSThread()
	theirs := newNamespace(t)
	t.Cleanup(func() { theirs.Close() })
	peers, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	must(t, err)
	t.Cleanup(peers.Close)
	ours := newNamespace(t)
	defer ours.Close()

	l := &lab{t: t, theirs: theirs, peers: peers, notified: make(chan struct{}, 1), locals: make(chan struct{}, 1)}
	l.cable("in", "192.0.2.9/24", "192.0.2.1/24", "2001:db8::9/64", "2001:db8::1/64")
	l.cable("out", "198.51.100.9/24", "198.51.100.1/24", "2001:db8:1::9/64", "2001:db8:1::1/64")
	l.cable("other", "203.0.113.9/24", "203.0.113.1/24", "2001:db8:2::9/64", "2001:db8:2::1/64")
	l.ports = []Port{l.port(in, "in"), l.port(out, "out")}
	return l
}

// privileged skips the test without root, or fails it where root is promised.
func privileged(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("XLVS_PRIVILEGED") == "1":
		t.Fatal("XLVS_PRIVILEGED is set, but this is not root")
	default:
		t.Skip("needs root for network namespaces")
	}
}

// newNamespace moves the thread to a new namespace, where addresses are good at once.
func newNamespace(t *testing.T) netns.NsHandle {
	t.Helper()
	ns, err := netns.New()
	must(t, err)
	for _, c := range []string{"default", "all"} {
		must(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+c+"/accept_dad", []byte("0"), 0))
	}
	lo, err := netlink.LinkByName("lo")
	must(t, err)
	must(t, netlink.LinkSetUp(lo))
	return ns
}

// cable joins the namespaces by a veth pair; addresses alternate, ours first.
func (l *lab) cable(name string, addrs ...string) {
	l.t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: name, PeerNamespace: netlink.NsFd(int(l.theirs))}
	veth.Name = name
	must(l.t, netlink.LinkAdd(veth))
	peer, err := l.peers.LinkByName(name)
	must(l.t, err)
	for i, s := range addrs {
		a, err := netlink.ParseAddr(s)
		must(l.t, err)
		if i%2 == 0 {
			must(l.t, netlink.AddrAdd(veth, a))
		} else {
			must(l.t, l.peers.AddrAdd(peer, a))
		}
	}
	must(l.t, netlink.LinkSetUp(veth))
	must(l.t, l.peers.LinkSetUp(peer))
	for _, family := range []string{"ipv4", "ipv6"} {
		must(l.t, os.WriteFile("/proc/sys/net/"+family+"/neigh/"+name+"/retrans_time_ms", []byte("100"), 0))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open returns a mirror of the director's namespace, closed with the test.
func (l *lab) open() *Mirror {
	l.t.Helper()
	return l.openWith(Options{})
}

// openWith is open with more options.
func (l *lab) openWith(opts Options) *Mirror {
	l.t.Helper()
	signal := func(c chan struct{}) func() {
		return func() {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
	opts.Notify, opts.LocalsChanged = signal(l.notified), signal(l.locals)
	opts.Warn = func(err error) { l.t.Error("warning:", err) }
	m, err := Open(l.ports, opts)
	must(l.t, err)
	l.t.Cleanup(func() {
		if err := m.Close(); err != nil {
			l.t.Error(err)
		}
	})
	return m
}

// port returns our interface of that name as a port.
func (l *lab) port(number uint16, name string) Port {
	l.t.Helper()
	return Port{Number: number, Index: l.link(name).Attrs().Index, Name: name}
}

func (l *lab) link(name string) netlink.Link {
	l.t.Helper()
	link, err := netlink.LinkByName(name)
	must(l.t, err)
	return link
}

// theirMAC returns the MAC of the peer's end.
func (l *lab) theirMAC(name string) header.MAC {
	l.t.Helper()
	link, err := l.peers.LinkByName(name)
	must(l.t, err)
	return header.MAC(link.Attrs().HardwareAddr)
}

// kernel returns the kernel's entry for a neighbour of ours.
func (l *lab) kernel(name, a string) (netlink.Neigh, bool) {
	l.t.Helper()
	family := unix.AF_INET6
	if netip.MustParseAddr(a).Is4() {
		family = unix.AF_INET
	}
	ks, err := netlink.NeighList(l.link(name).Attrs().Index, family)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		l.t.Fatal(err)
	}
	for _, k := range ks {
		if addrOf(k.IP) == addr(a) {
			return k, true
		}
	}
	return netlink.Neigh{}, false
}

// eventually waits until ok, which must come soon.
func (l *lab) eventually(what string, ok func() bool) {
	l.t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("still not: %s", what)
		}
	}
}

// awaitState asks for the hop to dst, as each packet would, until it is in a
// state, and returns it.
func (l *lab) awaitState(m *Mirror, dst lvs.Addr, want HopState) *Hop {
	l.t.Helper()
	var h *Hop
	l.eventually(dst.String()+" "+want.String(), func() bool {
		id := m.Route(dst)
		m.Resolve(id)
		h = m.Hop(id)
		return h.State == want
	})
	return h
}
