package xsk

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// TestLinkDown: while the link is down nothing fails and nothing is lost but
// what the ring has no room for; when it is up again traffic goes on.
func TestLinkDown(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ring: 64}) // with a second port's frames, to send more than the ring holds
	s := open(t, g, 0, w.near, Native)
	far := newStation(t, w.far)
	setUp(t, w.near, false)
	for i := range 100 {
		s.Send([]*packet.Packet{make1(t, g, numbered(i))})
		if err := errors.Join(s.Flush(), g.Wait(0)); err != nil {
			t.Fatalf("with the link down: %v", err)
		}
	}
	st, err := s.Stats()
	if err != nil || st.Survived.NetDown == 0 || st.Tx != 64 || st.RingFull != 36 {
		t.Errorf("Stats() = %+v, %v, want NetDown, 64 queued and 36 dropped", st, err)
	}
	if a := g.Account(); a.Tx != 64 || a.Held != 0 {
		t.Errorf("Account() = %+v, want 64 being sent and none held", a)
	}
	setUp(t, w.near, true)
	rests(t, g)
	unix.Read(far.fd, make([]byte, 1)) // ENETDOWN, reported once
	s.Send([]*packet.Packet{make1(t, g, numbered(1000))})
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	for !bytes.Equal(far.recv(), numbered(1000)) { // the 64 come first, if the carrier was there in time
	}
	// The far end's queueing discipline wakes up to a second after its carrier.
	ps := make([]packet.Packet, 64)
	n := 0
	for end := time.Now().Add(deadline); n == 0 && time.Now().Before(end); {
		far.send(numbered(1001))
		if err := g.Wait(10 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if n, err = s.Recv(ps); err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 || !bytes.Equal(ps[0].Bytes(), numbered(1001)) {
		t.Fatalf("%d packets arrived, the first is % x, want % x", n, ps[0].Bytes(), numbered(1001))
	}
	g.Release(pointers(ps[:n]))
	rests(t, g)
}

// TestInterfaceGone: a port that is deleted does not take the group with it.
func TestInterfaceGone(t *testing.T) {
	ownNamespace(t)
	lost, kept := newWire(t, "eth0", 1), newWire(t, "eth1", 1)
	g := newGroup(t, Options{Ports: 3, Ring: 64})
	a, b := open(t, g, 0, lost.near, Native), open(t, g, 1, kept.near, Native)
	if err := netlink.LinkDel(lost.near); err != nil {
		t.Fatal(err)
	}
	a.Send([]*packet.Packet{make1(t, g, numbered(1))})
	if err := errors.Join(a.Flush(), g.Wait(0)); err != nil {
		t.Fatalf("with the interface gone: %v", err)
	}
	if st, err := a.Stats(); err != nil || st.Survived.NoDevice == 0 {
		t.Errorf("Stats() = %+v, %v, want NoDevice", st, err)
	}
	newStation(t, kept.far).send(numbered(2))
	g.Release(arrive(t, g, b, 1))
	// The socket that brought the memory is dead; a new one finds another.
	again := newWire(t, "eth2", 1)
	c := open(t, g, 2, again.near, Native)
	newStation(t, again.far).send(numbered(3))
	g.Release(arrive(t, g, c, 1))
}
