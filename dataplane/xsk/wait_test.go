package xsk

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
	g := newGroup(t, Options{Ports: 1, Ring: 64})
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

func TestWatchedDescriptorEndsWait(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	var readable bool
	g.Watch(pipe[0], &readable)
	done := sleeper(g)
	if _, err := unix.Write(pipe[1], []byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := ended(t, done); err != nil || !readable {
		t.Errorf("Wait = %v, found it readable: %t; want nil, true", err, readable)
	}
}

func TestCloseEndsWait(t *testing.T) {
	g := newGroup(t, Options{Ports: 1, Ring: 64})
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
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	s := open(t, g, 0, w.near, Native)
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
	if _, err := s.Stats(); err != nil {
		t.Errorf("Stats error = %v, want nil", err)
	}
}

// TestWaitLeavesBrokenSocketsAlone puts a pipe without a reader, which polls as
// an error for ever, where a socket would be.
func TestWaitLeavesBrokenSocketsAlone(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	unix.Close(pipe[0])
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	_, rx := newRing[unix.XDPDesc](4, 0)
	tx, _ := newRing[unix.XDPDesc](4, 0)
	g.sockets = []*Socket{{g: g, fd: pipe[1], rx: rx, tx: tx}}
	g.polls = append(g.polls, unix.PollFd{Fd: int32(pipe[1])})
	for range 2 {
		// Without the second, masked poll this would not need a Wake to end.
		if err := g.Wait(time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if got := g.sockets[0].n.pollErrs.Load(); got != 2 {
		t.Errorf("found broken %d times, want once for each Wait", got)
	}
	if g.polls[1].Fd != int32(pipe[1]) {
		t.Error("the socket is not polled again")
	}
}
