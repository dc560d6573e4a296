package rawsock

import (
	"bytes"
	"testing"
	"time"

	"xlvs/dataplane/packet"
)

// TestSendDropsWhatIsNoFrame: each frame is counted once, and those behind it
// are sent.
func TestSendDropsWhatIsNoFrame(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{Buffers: 200})
	near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
	empty, wild, zero := make1(t, g, nil), make1(t, g, numbered(1)), make1(t, g, numbered(2))
	wild.Sum = packet.Partial{Start: 34, Field: 9999}
	zero.Sum, zero.GSO = packet.Partial{Start: 34, Field: 50}, packet.GSO{Kind: packet.GSOTCP4}
	long := make1(t, g, append(numbered(3), make([]byte, 1500)...))
	ps := []*packet.Packet{empty, make1(t, g, numbered(4)), wild, long, make1(t, g, numbered(5)), zero}
	for range 100 {
		ps = append(ps, make1(t, g, numbered(6)))
	}
	if n := near.Send(ps); n != 102 {
		t.Errorf("Send took %d, want 102", n)
	}
	if err := near.Flush(); err != nil {
		t.Error(err)
	}
	got := arrive(t, g, far, 102)
	for i, want := range [][]byte{numbered(4), numbered(5), numbered(6)} {
		if !bytes.Equal(got[i].Bytes(), want) {
			t.Errorf("frame %d is % x, want % x", i, got[i].Bytes(), want)
		}
	}
	g.Release(got)
	want := Stats{Tx: 102, Invalid: 2, Dropped: Errors{TooLong: 1, Invalid: 1}}
	if st, err := near.Stats(); st != want || err != nil {
		t.Errorf("Stats() = %+v, %v, want %+v", st, err, want)
	}
	rests(t, g)
}

// TestOverflow: what the socket has no room for is the kernel's to count, and
// the count survives being read.
func TestOverflow(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	a, b := newGroup(t, Options{}), newGroup(t, Options{Backlog: 16 << 10})
	near, far := open(t, a, 0, w.near), open(t, b, 0, w.far)
	const frames = 500
	for i := range frames {
		send(t, near, make1(t, a, numbered(i)))
	}
	var st Stats
	var err error
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		ps := make([]packet.Packet, 64)
		n, err1 := far.Recv(ps)
		b.Release(pointers(ps[:n]))
		if st, err = far.Stats(); err != nil || err1 != nil {
			t.Fatal(err, err1)
		}
		if st.Rx+st.Overflow == frames {
			break
		}
	}
	if st.Overflow == 0 || st.Rx == 0 || st.Rx+st.Overflow != frames {
		t.Errorf("Stats() = %+v, want some received, some lost, %d in all", st, frames)
	}
}

// TestTooLongToReceive: a frame that has no room is dropped whole, and its place
// goes to the next one.
func TestTooLongToReceive(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{Buffers: 64})
	near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
	g.refill(1)
	g.in.setFrame(0, g.pool.chunk(g.filling[0])[packet.Headroom:][:100])
	send(t, near, make1(t, g, append(numbered(0), make([]byte, 100)...)), make1(t, g, numbered(2)))
	got := arrive(t, g, far, 1)
	if !bytes.Equal(got[0].Bytes(), numbered(2)) {
		t.Errorf("received % x, want % x", got[0].Bytes(), numbered(2))
	}
	g.Release(got)
	if st, err := far.Stats(); st.Unreadable != 1 || st.Rx != 1 || err != nil {
		t.Errorf("Stats() = %+v, %v, want one unreadable and one received", st, err)
	}
	rests(t, g)
}

// TestEveryFrameHeld: with all frames in the caller's hands nothing is received,
// and Wait does not return at once for what waits in the socket.
func TestEveryFrameHeld(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g, other := newGroup(t, Options{Buffers: 8}), newGroup(t, Options{Buffers: 8})
	s, far := open(t, g, 0, w.near), open(t, other, 0, w.far)
	var all []*packet.Packet
	for i := range 8 {
		send(t, far, make1(t, other, numbered(i)))
		all = append(all, arrive(t, g, s, 1)...)
	}
	if a := g.Account(); a.Held != a.Total || g.NewFrame(new(packet.Packet)) || !g.starved() {
		t.Fatalf("Account() = %+v, want every frame held", a)
	}
	send(t, far, make1(t, other, numbered(8)))
	silent(t, s)
	g.polls[1].Revents = 0
	if err := g.Wait(-1); err != nil { // without a timeout, and it ends
		t.Fatal(err)
	}
	if g.polls[1].Revents != 0 {
		t.Error("Wait looked at a socket that cannot be served")
	}
	g.Release(all)
	p := arrive(t, g, s, 1)
	if !bytes.Equal(p[0].Bytes(), numbered(8)) {
		t.Errorf("received % x, want % x", p[0].Bytes(), numbered(8))
	}
	g.Release(p)
	rests(t, g)
}

// TestForwardingDoesNotAllocate sends batches from one end of a wire to the
// other.
func TestForwardingDoesNotAllocate(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{})
	near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
	frame := numbered(1)
	ps := make([]packet.Packet, 8)
	out := pointers(ps)
	n := testing.AllocsPerRun(200, func() {
		for i := range ps {
			if !g.NewFrame(&ps[i]) {
				t.Fatal("no free frame")
			}
			copy(ps[i].Grow(len(frame)), frame)
		}
		if near.Send(out) != len(out) || near.Flush() != nil {
			t.Fatal("not sent")
		}
		for got := 0; got < len(ps); {
			if err := g.Wait(time.Second); err != nil {
				t.Fatal(err)
			}
			n, err := far.Recv(ps[got:])
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		g.Release(out)
	})
	if n != 0 {
		t.Errorf("forwarding allocates %v times a batch, want 0", n)
	}
	rests(t, g)
}
