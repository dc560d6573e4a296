package xsk

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"xlvs/dataplane/packet"
)

// forModes runs test in a namespace of its own for each mode of XDP.
func forModes(t *testing.T, test func(t *testing.T, mode Mode)) {
	for _, mode := range []Mode{Native, Generic} {
		t.Run(mode.String(), func(t *testing.T) {
			ownNamespace(t)
			test(t, mode)
		})
	}
}

func TestRecv(t *testing.T) {
	forModes(t, func(t *testing.T, mode Mode) {
		w := newWire(t, "eth0", 1)
		g := newGroup(t, Options{Ports: 1, Ring: 64})
		s := open(t, g, 7, w.near, mode)
		if s.ZeroCopy() {
			t.Error("ZeroCopy() = true on a veth")
		}
		far := newStation(t, w.far)
		for i := range 500 { // several times around the ring
			far.send(numbered(i))
			p := arrive(t, g, s, 1)[0]
			if !bytes.Equal(p.Bytes(), numbered(i)) {
				t.Fatalf("packet %d is % x, want % x", i, p.Bytes(), numbered(i))
			}
			if p.In != 7 || p.Out != packet.NoPort || p.Start() < packet.Headroom {
				t.Fatalf("In = %d, Out = %d, Start() = %d, want 7, NoPort, at least %d", p.In, p.Out, p.Start(), packet.Headroom)
			}
			g.Release([]*packet.Packet{p})
		}
		rests(t, g)
		if st, err := s.Stats(); err != nil || st.Rx != 500 || st.Kernel.Rx_dropped != 0 {
			t.Errorf("Stats() = %+v, %v, want 500 received, none dropped", st, err)
		}
	})
}

func TestSend(t *testing.T) {
	forModes(t, func(t *testing.T, mode Mode) {
		w := newWire(t, "eth0", 1)
		g := newGroup(t, Options{Ports: 1, Ring: 256})
		s := open(t, g, 0, w.near, mode)
		far := newStation(t, w.far)
		for from := 0; from < 2000; from += 100 {
			var ps []*packet.Packet
			for i := range 100 {
				ps = append(ps, make1(t, g, numbered(from+i)))
			}
			if n := s.Send(ps); n != len(ps) {
				t.Fatalf("Send took %d of %d", n, len(ps))
			}
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			for i := range ps {
				if got := far.recv(); !bytes.Equal(got, numbered(from+i)) {
					t.Fatalf("frame %d is % x, want % x", from+i, got, numbered(from+i))
				}
			}
		}
		rests(t, g)
		if st, err := s.Stats(); err != nil || st.Tx != 2000 || st.Kernel.Tx_invalid_descs != 0 {
			t.Errorf("Stats() = %+v, %v, want 2000 sent, none invalid", st, err)
		}
	})
}

// TestForward sends what one port received out of another, with a new header in
// front, and the frame stays where it is in memory.
func TestForward(t *testing.T) {
	forModes(t, func(t *testing.T, mode Mode) {
		client, server := newWire(t, "eth0", 1), newWire(t, "eth1", 1)
		g := newGroup(t, Options{Ring: 128, BusyPoll: 20 * time.Microsecond})
		in, out := open(t, g, 0, client.near, mode), open(t, g, 1, server.near, mode)
		from, to := newStation(t, client.far), newStation(t, server.far)
		outer := bytes.Repeat([]byte{0xee}, 36)
		for i := range 300 {
			from.send(numbered(i))
			ps := arrive(t, g, in, 1)
			frame := ps[0].Frame
			copy(ps[0].Push(len(outer)), outer)
			if n := out.Send(ps); n != 1 {
				t.Fatalf("Send took %d of 1", n)
			}
			if a := g.pool.at[frame>>g.pool.shift]; a != sent {
				t.Fatalf("the frame received is %v, want it on its way out", a)
			}
			if err := out.Flush(); err != nil {
				t.Fatal(err)
			}
			if got, want := to.recv(), append(bytes.Clone(outer), numbered(i)...); !bytes.Equal(got, want) {
				t.Fatalf("frame %d is % x, want % x", i, got, want)
			}
		}
		rests(t, g)
	})
}

// TestQueues gives each of two workers one queue of the same port.
func TestQueues(t *testing.T) {
	ownNamespace(t)
	const queues, packets = 2, 64
	w := newWire(t, "eth0", queues)
	m := redirectTo(t, w.near, queues, Native, false)
	var groups [queues]*Group
	var sockets [queues]*Socket
	for q := range queues {
		groups[q] = newGroup(t, Options{Ports: 1, Ring: 128})
		s, err := groups[q].Open(0, w.near.Attrs().Index, q, Native)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Register(m); err != nil {
			t.Fatal(err)
		}
		sockets[q] = s
	}
	far := newStation(t, w.far)
	for i := range packets { // the flow's hash chooses the queue
		b, _ := udpFrame("who is there")
		binary.BigEndian.PutUint16(b[34:], uint16(4000+i))
		far.send(b)
	}
	var got [queues]int
	for end := time.Now().Add(deadline); got[0]+got[1] < packets && time.Now().Before(end); {
		for q, s := range sockets {
			if err := groups[q].Wait(time.Millisecond); err != nil {
				t.Fatal(err)
			}
			ps := make([]packet.Packet, packets)
			n, err := s.Recv(ps)
			if err != nil {
				t.Fatal(err)
			}
			groups[q].Release(pointers(ps[:n]))
			got[q] += n
		}
	}
	if got[0]+got[1] != packets || got[0] == 0 || got[1] == 0 {
		t.Errorf("queues received %v, want %d in all and some in each", got, packets)
	}
	rests(t, groups[0])
	rests(t, groups[1])
}

// TestSendDropsWhatIsNoFrame checks that frames which the kernel would swallow
// do not reach it.
func TestSendDropsWhatIsNoFrame(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	s := open(t, g, 0, w.near, Native)
	far := newStation(t, w.far)
	empty, headless, wild, good := make1(t, g, nil), make1(t, g, numbered(1)), make1(t, g, numbered(2)), make1(t, g, numbered(3))
	headless.Push(headless.Start())
	wild.Sum = packet.Partial{Start: 34, Field: 9999}
	if n := s.Send([]*packet.Packet{empty, headless, wild, good}); n != 1 {
		t.Errorf("Send took %d, want 1", n)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := far.recv(); !bytes.Equal(got, numbered(3)) {
		t.Errorf("received % x, want % x", got, numbered(3))
	}
	if st, err := s.Stats(); err != nil || st.Invalid != 3 || st.Kernel.Tx_invalid_descs != 0 {
		t.Errorf("Stats() = %+v, %v, want 3 invalid, none of them the kernel's", st, err)
	}
	rests(t, g)
}

// TestChecksum sends unfinished checksums to a wire that takes none, so that
// what the station reads is what a real wire would carry.
func TestChecksum(t *testing.T) {
	for name, software := range map[string]bool{"kernel": false, "software": true} {
		t.Run(name, func(t *testing.T) {
			ownNamespace(t)
			w := newWire(t, "eth0", 1)
			noTxChecksum(t, w.near)
			g := newGroup(t, Options{Ports: 1, Ring: 64})
			if software {
				g.mem.metadata = 0 // as a kernel before 6.8 does it
			}
			s := open(t, g, 0, w.near, Native)
			if s.offload == software {
				skip(t, "the kernel has no TX metadata")
			}
			far := newStation(t, w.far)
			for _, payload := range []string{"who is there", "odd", ""} {
				frame, sum := udpFrame(payload)
				p := make1(t, g, frame)
				p.Sum = sum
				s.Send([]*packet.Packet{p, make1(t, g, numbered(1))})
				if err := s.Flush(); err != nil {
					t.Fatal(err)
				}
				if got := far.recv(); !verifies(got) || len(got) != len(frame) {
					t.Errorf("checksum of % x is wrong", got)
				}
				if got := far.recv(); !bytes.Equal(got, numbered(1)) {
					t.Errorf("the frame after it is % x, want % x", got, numbered(1))
				}
			}
			rests(t, g)
		})
	}
}

// TestEveryFrameHeld: with all frames in the caller's hands the kernel has none
// to receive into. Wait gives it those that were released, with no Recv between.
func TestEveryFrameHeld(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	s := open(t, g, 0, w.near, Native)
	far := newStation(t, w.far)
	var all []*packet.Packet
	for i := range g.Account().Total {
		far.send(numbered(i))
		all = append(all, arrive(t, g, s, 1)...)
	}
	if a := g.Account(); a.Held != a.Total || g.NewFrame(new(packet.Packet), 0) {
		t.Fatalf("Account() = %+v, want every frame held", a)
	}
	far.send(numbered(0))
	g.Release(all)
	if err := g.Wait(0); err != nil {
		t.Fatal(err)
	}
	far.send(numbered(1))
	p := arrive(t, g, s, 1)
	if !bytes.Equal(p[0].Bytes(), numbered(1)) {
		t.Errorf("received % x, want % x", p[0].Bytes(), numbered(1))
	}
	g.Release(p)
	if st, err := s.Stats(); err != nil || st.Kernel.Rx_fill_ring_empty_descs == 0 {
		t.Errorf("Stats() = %+v, %v, want one frame lost to an empty fill ring", st, err)
	}
	rests(t, g)
}

// TestForwardingDoesNotAllocate sends from one end of a wire to the other, both
// of one group.
func TestForwardingDoesNotAllocate(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ring: 64})
	near, far := open(t, g, 0, w.near, Native), open(t, g, 1, w.far, Native)
	frame := numbered(1)
	ps, out := make([]packet.Packet, 1), make([]*packet.Packet, 1)
	out[0] = &ps[0]
	n := testing.AllocsPerRun(200, func() {
		if !g.NewFrame(&ps[0], len(frame)) {
			t.Fatal("no free frame")
		}
		copy(ps[0].Grow(len(frame)), frame)
		if near.Send(out) != 1 || near.Flush() != nil || g.Wait(time.Second) != nil {
			t.Fatal("not sent")
		}
		n, err := far.Recv(ps)
		if n != 1 || err != nil {
			t.Fatalf("Recv = %d, %v, want 1", n, err)
		}
		g.Release(out)
	})
	if n != 0 {
		t.Errorf("forwarding allocates %v times a packet, want 0", n)
	}
	rests(t, g)
}
