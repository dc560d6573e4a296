package rawsock

import (
	"bytes"
	"testing"

	"xlvs/dataplane/packet"
)

// TestSendAndReceive goes from one end of a wire to the other, both of one group.
func TestSendAndReceive(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{Buffers: 300})
	near, far := open(t, g, 3, w.near), open(t, g, 7, w.far)
	for from := 0; from < 1000; from += 100 { // more than one batch
		var ps []*packet.Packet
		for i := range 100 {
			ps = append(ps, make1(t, g, numbered(from+i)))
		}
		send(t, near, ps...)
		ps = arrive(t, g, far, 100)
		for i, p := range ps {
			if want := numbered(from + i); !bytes.Equal(p.Bytes(), want) {
				t.Fatalf("frame %d is % x, want % x", from+i, p.Bytes(), want)
			}
			if p.In != 7 || p.Out != packet.NoPort || p.Start() != packet.Headroom || p.Sum != (packet.Partial{}) || p.GSO != (packet.GSO{}) {
				t.Fatalf("received %+v, want In 7, no Out, headroom, no checksum, no GSO", p)
			}
		}
		g.Release(ps)
	}
	rests(t, g)
	silent(t, near) // not even what it has sent
	a, err1 := near.Stats()
	b, err2 := far.Stats()
	if want := (Stats{Tx: 1000}); a != want || err1 != nil {
		t.Errorf("near Stats() = %+v, %v, want %+v", a, err1, want)
	}
	if want := (Stats{Rx: 1000}); b != want || err2 != nil {
		t.Errorf("far Stats() = %+v, %v, want %+v", b, err2, want)
	}
}

// TestTransmit sends frames that stay the caller's, as those of another kind of
// queue do.
func TestTransmit(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{Buffers: 64})
	near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
	p := new(packet.Packet)
	frame := numbered(5)
	p.Frame = 1 << 40 // somewhere in a UMEM
	p.Reset(frame, 0, len(frame))
	for range 2 {
		if n := near.Transmit([]*packet.Packet{p}); n != 1 {
			t.Fatalf("Transmit took %d, want 1", n)
		}
		got := arrive(t, g, far, 1)
		if !bytes.Equal(got[0].Bytes(), numbered(5)) || !bytes.Equal(p.Bytes(), numbered(5)) {
			t.Errorf("received % x of % x", got[0].Bytes(), p.Bytes())
		}
		g.Release(got)
	}
	rests(t, g)
}

// TestOffloads sends what a local sender would to an interface that passes it
// on, and to one that has the kernel finish and cut it.
func TestOffloads(t *testing.T) {
	const size = 1000
	tests := map[string]struct {
		ipv6  bool
		proto byte
		n     int
		gso   packet.GSO
	}{
		"checksum of udp":         {false, protoUDP, 12, packet.GSO{}},
		"checksum of an odd udp6": {true, protoUDP, 13, packet.GSO{}},
		"checksum of tcp":         {false, protoTCP, 500, packet.GSO{}},
		"tcp segments":            {false, protoTCP, 4*size + 77, packet.GSO{Kind: packet.GSOTCP4, Size: size}},
		"tcp6 segments":           {true, protoTCP, 4*size + 77, packet.GSO{Kind: packet.GSOTCP6, Size: size}},
		"tcp segments with cwr":   {false, protoTCP, 4 * size, packet.GSO{Kind: packet.GSOTCP4, Size: size, ECN: true}},
		"udp segments":            {false, protoUDP, 4*size + 1, packet.GSO{Kind: packet.GSOUDP, Size: size}},
		"udp6 segments":           {true, protoUDP, 4 * size, packet.GSO{Kind: packet.GSOUDP, Size: size}},
		"as much as there can be": {false, protoTCP, 0xffff - 14 - 20 - 32, packet.GSO{Kind: packet.GSOTCP4, Size: 1448}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ownNamespace(t)
			w := newWire(t, "eth0")
			g := newGroup(t, Options{Buffers: 128})
			near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
			frame, sum := transport(tt.ipv6, tt.proto, 4242, payload(tt.n))
			offer := func() {
				p := make1(t, g, frame)
				p.Sum, p.GSO = sum, tt.gso
				send(t, near, p)
			}
			offer()
			got := arrive(t, g, far, 1)
			if p := got[0]; !bytes.Equal(p.Bytes(), frame) || p.Sum != sum || p.GSO != tt.gso {
				t.Errorf("received %d bytes, %+v, %+v, want %d, %+v, %+v", p.Len(), p.Sum, p.GSO, len(frame), sum, tt.gso)
			}
			g.Release(got)
			noOffloads(t, w.near)
			offer()
			var all []byte
			for len(all) < tt.n {
				segment := finished(t, far)
				if !verifies(segment, tt.ipv6, tt.proto, sum) {
					t.Fatalf("the checksum of % x is wrong", segment)
				}
				all = append(all, segment[len(frame)-tt.n:]...)
			}
			if !bytes.Equal(all, payload(tt.n)) {
				t.Error("the segments do not add up to the payload")
			}
			rests(t, g)
		})
	}
}

// finished returns a copy of the next frame at s, as a device would have it.
func finished(t *testing.T, s *Socket) []byte {
	t.Helper()
	got := arrive(t, s.g, s, 1)
	defer s.g.Release(got)
	if p := got[0]; p.Sum != (packet.Partial{}) || p.GSO != (packet.GSO{}) {
		t.Fatalf("received %d bytes, %+v, %+v, want them finished", p.Len(), p.Sum, p.GSO)
	}
	return bytes.Clone(got[0].Bytes())
}

func payload(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

// TestVLAN: the kernel takes the outer tag out of what it receives, and the
// packet has it all the same.
func TestVLAN(t *testing.T) {
	tests := map[string][]byte{
		"customer tag":     {0x81, 0x00, 0x61, 0x23},
		"priority alone":   {0x81, 0x00, 0xe0, 0x00},
		"all zero":         {0x81, 0x00, 0x00, 0x00},
		"service tag":      {0x88, 0xa8, 0x00, 0x07},
		"two tags":         {0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x61, 0x23},
		"two of same kind": {0x81, 0x00, 0x00, 0x07, 0x81, 0x00, 0x61, 0x23},
	}
	for name, tags := range tests {
		t.Run(name, func(t *testing.T) {
			ownNamespace(t)
			w := newWire(t, "eth0")
			g := newGroup(t, Options{Buffers: 128})
			near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
			for _, n := range []int{12, 5000} {
				frame, sum := transport(false, protoTCP, 4242, payload(n))
				p := make1(t, g, frame)
				p.Sum = sum
				if n > 1500 {
					p.GSO = packet.GSO{Kind: packet.GSOTCP4, Size: 1400}
				}
				copy(p.Push(len(tags)), frame[:12])
				copy(p.Bytes()[12:], tags)
				want, sum, gso := bytes.Clone(p.Bytes()), p.Sum, p.GSO
				send(t, near, p)
				got := arrive(t, g, far, 1)
				if p := got[0]; !bytes.Equal(p.Bytes(), want) || p.Sum != sum || p.GSO != gso {
					t.Errorf("received %d bytes from % x, %+v, %+v, want %d from % x, %+v, %+v",
						p.Len(), p.Bytes()[:26], p.Sum, p.GSO, len(want), want[:26], sum, gso)
				}
				g.Release(got)
			}
		})
	}
}
