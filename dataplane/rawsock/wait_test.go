package rawsock

import (
	"testing"
	"time"

	"xlvs/dataplane/packet"
)

// sleeper runs Wait without a timeout and tells when it ended.
func sleeper(g *Group) chan error {
	done := make(chan error, 1)
	go func() { done <- g.Wait(-1) }()
	return done
}

func ended(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(deadline):
		t.Fatal("Wait does not end")
		return nil
	}
}

func TestWake(t *testing.T) {
	g := newGroup(t, Options{})
	done := sleeper(g)
	g.Wake()
	if err := ended(t, done); err != nil {
		t.Errorf("Wait = %v after Wake, want nil", err)
	}
	g.Wake() // before Wait, and it counts
	if err := ended(t, sleeper(g)); err != nil {
		t.Errorf("Wait = %v after an earlier Wake, want nil", err)
	}
}

func TestWaitTellsWhatIsReadable(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g, sender := newGroup(t, Options{}), newGroup(t, Options{})
	quiet, busy := open(t, g, 0, w.far), open(t, g, 1, w.near)
	send(t, open(t, sender, 0, w.far), make1(t, sender, numbered(1)))
	_, readable := busy.Readable()
	for end := time.Now().Add(deadline); !*readable && time.Now().Before(end); {
		if err := g.Wait(deadline); err != nil {
			t.Fatal(err)
		}
	}
	if _, other := quiet.Readable(); !*readable || *other {
		t.Errorf("readable is %t of the socket with a frame, %t of the other; want true, false", *readable, *other)
	}
}

func TestCloseEndsWait(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{})
	open(t, g, 0, w.near)
	done := sleeper(g)
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ended(t, done); err != ErrClosed {
		t.Errorf("Wait = %v, want %v", err, ErrClosed)
	}
	g.Wake() // does nothing, to nobody else's descriptor either
	if err := g.Close(); err != nil {
		t.Errorf("second Close = %v, want nil", err)
	}
	if err := g.Wait(0); err != ErrClosed {
		t.Errorf("Wait = %v after Close, want %v", err, ErrClosed)
	}
}

// TestClosedGroup: a worker that comes late finds everything closed.
func TestClosedGroup(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{})
	s := open(t, g, 0, w.near)
	p := make1(t, g, numbered(1))
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if a := g.Account(); a.Held != 1 || a.Free != a.Total-1 {
		t.Errorf("Account() = %+v, want the one packet held and the rest free", a)
	}
	if n := s.Send([]*packet.Packet{p}); n != 0 {
		t.Errorf("Send took %d, want 0", n)
	}
	if n, err := s.Recv(make([]packet.Packet, 1)); n != 0 || err != ErrClosed {
		t.Errorf("Recv = %d, %v, want 0, %v", n, err, ErrClosed)
	}
	if err := s.Flush(); err != ErrClosed {
		t.Errorf("Flush = %v, want %v", err, ErrClosed)
	}
	if g.NewFrame(p) {
		t.Error("NewFrame = true, want false")
	}
	if _, err := s.Stats(); err != nil {
		t.Errorf("Stats error = %v, want nil", err)
	}
}
