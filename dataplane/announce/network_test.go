package announce

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"go.uber.org/goleak"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must come.
const patience = 5 * time.Second

// number is the director's for eth0.
const number = 4

// A network is a director that holds no VIP, and a client beside it:
//
//	client   eth0 198.51.100.7 2001:db8::7
//	director eth0 198.51.100.1 2001:db8::1
type network struct {
	t                *testing.T
	client, director *lab.Host
	peer             *socket // on the client's eth0
	conflicts        chan conflict
}

type conflict struct {
	vip  lvs.Addr
	port uint16
	mac  header.MAC
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	l := labtest.New(t)
	n := &network{t: t, client: newHost(t, l, "client"), director: newHost(t, l, "director"), conflicts: make(chan conflict, 64)}
	must(t, l.Wire(n.client, "eth0", n.director, "eth0", lab.WireOptions{}))
	must(t, n.client.AddAddr("eth0", "198.51.100.7/24", "2001:db8::7/64"))
	must(t, n.director.AddAddr("eth0", "198.51.100.1/24", "2001:db8::1/64"))
	n.peer = n.listen()
	return n
}

func newHost(t *testing.T, l *lab.Lab, name string) *lab.Host {
	t.Helper()
	h, err := l.Host(name)
	must(t, err)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// port returns dev of the director as the Port of that number.
func (n *network) port(number uint16, dev string) Port {
	n.t.Helper()
	link, err := n.director.Link(dev)
	must(n.t, err)
	return Port{number, link.Index, header.MAC(link.HardwareAddr)}
}

// open returns an Announcer for ports that ends with the test.
func (n *network) open(ports ...Port) (a *Announcer) {
	n.t.Helper()
	must(n.t, n.director.Do(func() (err error) {
		a, err = Open(ports, Options{
			Conflict: func(vip lvs.Addr, port uint16, mac header.MAC) { n.conflicts <- conflict{vip, port, mac} },
			Warn:     func(err error) { n.t.Error("warning:", err) },
		})
		return err
	}))
	n.t.Cleanup(a.Close)
	return a
}

// listen opens a socket on the client's eth0.
func (n *network) listen() (s *socket) {
	n.t.Helper()
	link, err := n.client.Link("eth0")
	must(n.t, err)
	must(n.t, n.client.Do(func() (err error) { s, err = openSocket(link.Index); return err }))
	n.t.Cleanup(s.close)
	return s
}

// await receives until a frame's message satisfies ok, which sees all.
func (n *network) await(what string, ok func(m message, to header.MAC, t tag) bool) {
	n.t.Helper()
	n.peer.alarm(time.Now().Add(patience))
	for {
		frame, t, err := n.peer.receive(make([]byte, maxFrame))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			n.t.Fatalf("%s did not come", what)
		}
		if err != nil {
			continue // the link was down
		}
		to := header.Ethernet(frame).Dst()
		if m, readable := readMessage(frame, to); readable && ok(m, to, t) {
			return
		}
	}
}

// ask sends the question of the station macA, an invented one, for a.
func (n *network) ask(a lvs.Addr, t tag) {
	if a.Is4() {
		frame, b := newFrame(broadcast, macA, t, header.TypeARP, header.ARPSize)
		arp := header.PutARP(b, header.ARPRequest)
		arp.SetSenderMAC(macA)
		arp.SetSenderIP(addr("198.51.100.9").V4())
		arp.SetTargetIP(a.V4())
		n.peer.send(frame)
		return
	}
	frame, b := newFrame(groupMAC(solicitedNode(a)), macA, t, header.TypeIPv6, len(ndAsk(n.t)))
	copy(b, ndAsk(n.t))
	group, target := solicitedNode(a).As16(), a.As16()
	copy(b[24:], group[:])
	copy(b[targetAt-ipAt:], target[:])
	ip := header.IPv6(b)
	icmp := header.ICMP(ip.Payload())
	icmp.SetChecksum(0)
	icmp.SetChecksum(sumND(ip))
	n.peer.send(frame)
}

// ndAsk returns the packet in ndAsks, with an address that nobody has as its
// sender: the director's kernel must not get into conflict with the client's.
func ndAsk(t *testing.T) []byte {
	b := unhex(t, ndAsks)[ipAt:]
	b[23] = 9
	return b
}

// expect waits for a conflict to be reported, and for no other.
func (n *network) expect(want conflict) {
	n.t.Helper()
	select {
	case got := <-n.conflicts:
		if got != want || len(n.conflicts) != 0 {
			n.t.Errorf("conflict %+v and %d others, want %+v alone", got, len(n.conflicts), want)
		}
	case <-time.After(patience):
		n.t.Errorf("conflict %+v was not reported", want)
	}
}

// eventually waits until ok.
func (n *network) eventually(what string, ok func() bool) {
	n.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatalf("still not: %s", what)
		}
	}
}

// cached returns the MAC that the client's kernel has for a.
func (n *network) cached(a lvs.Addr) (mac header.MAC) {
	n.t.Helper()
	link, err := n.client.Link("eth0")
	must(n.t, err)
	must(n.t, n.client.Do(func() error {
		entries, err := netlink.NeighList(link.Index, netlink.FAMILY_ALL)
		for _, e := range entries {
			if e.IP.Equal(net.IP(a.Netip().AsSlice())) && len(e.HardwareAddr) == len(mac) {
				mac = header.MAC(e.HardwareAddr)
			}
		}
		return err
	}))
	return mac
}

// reach has the client's kernel look for a, and waits until it finds it at mac.
func (n *network) reach(a lvs.Addr, mac header.MAC) {
	n.t.Helper()
	c, err := n.client.Dial(n.t.Context(), "udp", net.JoinHostPort(a.String(), "9"))
	must(n.t, err)
	defer func() { _ = c.Close() }()
	n.eventually(a.String()+" at "+mac.String(), func() bool {
		_, _ = c.Write([]byte("who is there"))
		return n.cached(a) == mac
	})
}
