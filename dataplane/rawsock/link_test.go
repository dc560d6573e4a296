package rawsock

import (
	"bytes"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/packet"
)

// sleeps fails the test unless Wait, once it has told of what happened, sleeps
// until it is woken.
func sleeps(t *testing.T, g *Group) {
	t.Helper()
	if err := g.Wait(0); err != nil {
		t.Fatal(err)
	}
	done := sleeper(g)
	select {
	case err := <-done:
		t.Errorf("Wait = %v, want it to sleep", err)
	case <-time.After(20 * time.Millisecond):
		g.Wake()
		if err := ended(t, done); err != nil {
			t.Error(err)
		}
	}
}

// TestLinkDown: while the link is down what is sent is counted, and when it is
// up again traffic goes on.
func TestLinkDown(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g, other := newGroup(t, Options{}), newGroup(t, Options{})
	s, far := open(t, g, 0, w.near), open(t, other, 0, w.far)
	setUp(t, w.near, false)
	sleeps(t, g)
	ps := make([]*packet.Packet, 100)
	for i := range ps {
		ps[i] = make1(t, g, numbered(i))
	}
	if n := s.Send(ps); n != 0 {
		t.Errorf("Send took %d, want 0", n)
	}
	if err := s.Flush(); err != nil {
		t.Error(err)
	}
	silent(t, s)
	want := Stats{Dropped: Errors{NetDown: 100}, Survived: Errors{NetDown: 1}}
	if st, err := s.Stats(); st != want || err != nil {
		t.Errorf("Stats() = %+v, %v, want %+v", st, err, want)
	}
	rests(t, g)
	setUp(t, w.near, true)
	carries(t, w.near)
	carries(t, w.far)
	send(t, s, make1(t, g, numbered(1000)))
	other.Release(arrive(t, other, far, 1))
	send(t, far, make1(t, other, numbered(1001)))
	got := arrive(t, g, s, 1)
	if !bytes.Equal(got[0].Bytes(), numbered(1001)) {
		t.Errorf("received % x, want % x", got[0].Bytes(), numbered(1001))
	}
	g.Release(got)
}

// TestInterfaceGone: a port that is deleted does not take the group with it.
func TestInterfaceGone(t *testing.T) {
	ownNamespace(t)
	lost, kept := newWire(t, "eth0"), newWire(t, "eth1")
	g := newGroup(t, Options{})
	a, b, far := open(t, g, 0, lost.near), open(t, g, 1, kept.near), open(t, g, 2, kept.far)
	if err := netlink.LinkDel(lost.near); err != nil {
		t.Fatal(err)
	}
	sleeps(t, g)
	if n := a.Send([]*packet.Packet{make1(t, g, numbered(1)), make1(t, g, numbered(2))}); n != 0 {
		t.Errorf("Send took %d, want 0", n)
	}
	silent(t, a)
	if st, err := a.Stats(); err != nil || st.Dropped != (Errors{NoDevice: 2}) || st.Survived == (Errors{}) {
		t.Errorf("Stats() = %+v, %v, want two dropped for want of a device, and the event survived", st, err)
	}
	send(t, far, make1(t, g, numbered(3)))
	g.Release(arrive(t, g, b, 1))
	rests(t, g)
}
