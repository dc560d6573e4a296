package xsk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// long is the length of the longest frame on a wire with an MTU of 9000.
const long = ethernetHeader + 9000

// lengths of frames around everything that happens at some length: nothing but
// a header, the end of one frame of the UMEM, of two, of four, the longest.
func lengths(frame int) []int {
	room := frame - packet.Headroom
	list := []int{ethernetHeader, 60, 1514, long - 1, long}
	for _, pieces := range []int{1, 2, 4} {
		for _, n := range []int{-1, 0, 1} {
			list = append(list, min(pieces*room+n, long))
		}
	}
	for n := 15; n < long; n += 271 {
		list = append(list, n)
	}
	return list
}

// ofLength returns a frame of n bytes, no two of which are alike.
func ofLength(n int) []byte {
	b := numbered(n)[:ethernetHeader]
	for seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))); len(b) < n; seed = sha256.Sum256(seed[:]) {
		b = append(b, seed[:]...)
	}
	return b[:n]
}

// forLong runs test on jumbo wires for each mode of XDP and size of frames.
func forLong(t *testing.T, test func(t *testing.T, g *Group, mode Mode)) {
	forModes(t, func(t *testing.T, mode Mode) {
		if !HasFrags() {
			skip(t, "the kernel has no XDP_USE_SG")
		}
		for _, size := range []int{2048, 4096} {
			t.Run("", func(t *testing.T) {
				ownNamespace(t)
				test(t, newGroup(t, Options{Ring: 64, FrameSize: size, Frags: true}), mode)
			})
		}
	})
}

// TestLongFrames forwards frames of all lengths, with an outer header in front,
// and answers them.
func TestLongFrames(t *testing.T) {
	forLong(t, func(t *testing.T, g *Group, mode Mode) {
		client, server := newLongWire(t, "eth0", 1, 9000), newLongWire(t, "eth1", 1, 9100)
		in, out := open(t, g, 0, client.near, mode), open(t, g, 1, server.near, mode)
		from, to := newStation(t, client.far), newStation(t, server.far)
		outer := bytes.Repeat([]byte{0xee}, 36)
		for _, n := range lengths(g.opts.FrameSize) {
			frame := ofLength(n)
			from.send(frame)
			ps := arrive(t, g, in, 1)
			if !bytes.Equal(ps[0].Bytes(), frame) || ps[0].In != 0 || ps[0].Start() < packet.Headroom {
				t.Fatalf("%d bytes arrived as %d from port %d, or not the same", n, ps[0].Len(), ps[0].In)
			}
			copy(ps[0].Push(len(outer)), outer)
			transmit(t, out, ps)
			if got := to.recv(); !bytes.Equal(got, append(bytes.Clone(outer), frame...)) {
				t.Fatalf("%d bytes were forwarded as %d, or not the same", n+len(outer), len(got))
			}
			to.send(frame)
			transmit(t, in, arrive(t, g, out, 1))
			if got := from.recv(); !bytes.Equal(got, frame) {
				t.Fatalf("%d bytes were answered as %d, or not the same", n, len(got))
			}
		}
		rests(t, g)
	})
}

func transmit(t *testing.T, s *Socket, ps []*packet.Packet) {
	t.Helper()
	if n := s.Send(ps); n != len(ps) {
		st, err := s.Stats()
		t.Fatalf("Send took %d of %d: %+v %v", n, len(ps), st, err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
}

// TestLongBatches mixes lengths, in more than the rings hold at once.
func TestLongBatches(t *testing.T) {
	forLong(t, func(t *testing.T, g *Group, mode Mode) {
		w := newLongWire(t, "eth0", 1, 9000)
		s := open(t, g, 0, w.near, mode)
		far := newStation(t, w.far)
		list := lengths(g.opts.FrameSize)
		for i := 0; i+8 <= len(list); i += 8 {
			for _, n := range list[i : i+8] {
				far.send(ofLength(n))
			}
			transmit(t, s, arrive(t, g, s, 8))
			for _, n := range list[i : i+8] {
				if got := far.recv(); !bytes.Equal(got, ofLength(n)) {
					t.Fatalf("%d bytes came back as %d, or not the same", n, len(got))
				}
			}
		}
		rests(t, g)
	})
}

// TestTransmit sends copies of packets that are not the group's.
func TestTransmit(t *testing.T) {
	forLong(t, func(t *testing.T, g *Group, mode Mode) {
		w := newLongWire(t, "eth0", 1, 9000)
		noTxChecksum(t, w.near)
		s := open(t, g, 0, w.near, mode)
		far := newStation(t, w.far)
		for _, n := range []int{0, 1000, 4000, long - 42} {
			frame, sum := udpFrame(strings.Repeat("x", n))
			var p packet.Packet
			p.Reset(frame, 0, len(frame))
			p.Sum = sum
			if !s.Transmit(&p) || s.Flush() != nil {
				t.Fatalf("Transmit of %d bytes: not sent", len(frame))
			}
			if got := far.recv(); !verifies(got) || len(got) != len(frame) {
				t.Errorf("%d bytes arrived as %d, checksum verifies: %t", len(frame), len(got), verifies(got))
			}
		}
		rests(t, g)
	})
}

// TestNoPlaceForLongFrames takes away what frames are joined in and cut into:
// they are lost whole and counted, and ordinary ones are not.
func TestNoPlaceForLongFrames(t *testing.T) {
	forLong(t, func(t *testing.T, g *Group, mode Mode) {
		w := newLongWire(t, "eth0", 1, 9000)
		s := open(t, g, 0, w.near, mode)
		far := newStation(t, w.far)
		sendBoth := func() { far.send(ofLength(long)); far.send(numbered(1)) }
		sendBoth()
		ps := arrive(t, g, s, 2)

		longs, frames := hold(g, longBuffers, long), hold(g, len(g.pool.stack)-1, 0)
		if n := s.Send(ps); n != 1 || s.Flush() != nil || !bytes.Equal(far.recv(), numbered(1)) {
			t.Errorf("Send with one free frame took %d, want the ordinary one", n)
		}
		if longer := hold(g, 1, long); len(longs) != longBuffers-1 || len(longer) != 1 {
			t.Errorf("%d and %d long buffers could be had, want %d and the one sent", len(longs), len(longer), longBuffers-1)
		} else {
			longs = append(longs, longer...)
		}
		g.Release(frames)

		sendBoth()
		g.Release(arrive(t, g, s, 1))
		g.Release(longs)
		sendBoth()
		g.Release(arrive(t, g, s, 2))
		if st, err := s.Stats(); err != nil || st.NoFrame != 1 || st.NoBuffer != 1 || st.Rx != 5 {
			t.Errorf("Stats() = %+v, %v, want one NoFrame, one NoBuffer, 5 received", st, err)
		}
		rests(t, g)
	})
}

// hold takes up to n free frames for packets of size.
func hold(g *Group, n, size int) (ps []*packet.Packet) {
	for range n {
		p := new(packet.Packet)
		if !g.NewFrame(p, size) {
			break
		}
		ps = append(ps, p)
	}
	return ps
}

// TestJoint gives a socket pieces one by one, as if each came with another Recv.
func TestJoint(t *testing.T) {
	tests := map[string]struct {
		pieces []int
		ok     bool
	}{
		"two":                    {[]int{3840, 1}, true},
		"five, full as a buffer": {[]int{3840, 3840, 3840, 3840, 768}, true},
		"one byte more":          {[]int{3840, 3840, 3840, 3840, 769}, false},
		"long before the end":    {[]int{3840, 3840, 3840, 3840, 3840, 1}, false},
		"short ones":             {[]int{1, 1, 1}, true},
	}
	g := &Group{mem: umem{mem: make([]byte, 8*4096), frame: 4096}, pool: newPool(8, 12)}
	var err error
	if g.long, err = newLongs(1); err != nil {
		t.Fatal(err)
	}
	defer g.long.unmap()
	s := &Socket{g: g, port: 3}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p packet.Packet
			var want []byte
			for i, n := range tt.pieces {
				addr, _ := g.pool.take(fill)
				b := g.mem.chunk(addr)[packet.Headroom:][:n]
				want = append(want, b[:copy(b, ofLength(n+i+ethernetHeader))]...)
				d := unix.XDPDesc{Addr: addr + packet.Headroom, Len: uint32(n), Options: unix.XDP_PKT_CONTD}
				last := i == len(tt.pieces)-1
				if last {
					d.Options = 0
				}
				if ok := s.join(d, &p); ok != (last && tt.ok) {
					t.Fatalf("piece %d: join() = %t", i, ok)
				}
			}
			if tt.ok {
				if !bytes.Equal(p.Bytes(), want) || p.In != 3 {
					t.Errorf("%d bytes from port %d, want %d from 3, or not the same", p.Len(), p.In, len(want))
				}
				g.Release([]*packet.Packet{&p})
			}
			if a := g.Account(); a.Free != a.Total {
				t.Errorf("Account() = %+v, want all free", a)
			}
		})
	}
	if n := s.n.rxNoBuffer.Load(); n != 2 {
		t.Errorf("%d frames counted as lost, want 2", n)
	}
}

// TestForwardingLongFramesDoesNotAllocate is for what is copied.
func TestForwardingLongFramesDoesNotAllocate(t *testing.T) {
	ownNamespace(t)
	if !HasFrags() {
		skip(t, "the kernel has no XDP_USE_SG")
	}
	w := newLongWire(t, "eth0", 1, 9000)
	g := newGroup(t, Options{Ring: 64, FrameSize: 4096, Frags: true})
	near, far := open(t, g, 0, w.near, Native), open(t, g, 1, w.far, Native)
	frame := ofLength(long)
	ps, out := make([]packet.Packet, 1), make([]*packet.Packet, 1)
	out[0] = &ps[0]
	n := testing.AllocsPerRun(100, func() {
		if !g.NewFrame(&ps[0], len(frame)) {
			t.Fatal("no free frame")
		}
		copy(ps[0].Grow(len(frame)), frame)
		if near.Send(out) != 1 || near.Flush() != nil || g.Wait(time.Second) != nil {
			t.Fatal("not sent")
		}
		if n, err := far.Recv(ps); n != 1 || err != nil || ps[0].Len() != len(frame) {
			t.Fatalf("Recv = %d, %v, want 1", n, err)
		}
		g.Release(out)
	})
	if n != 0 {
		t.Errorf("forwarding allocates %v times a packet, want 0", n)
	}
	rests(t, g)
}
