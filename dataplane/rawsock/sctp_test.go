package rawsock

import (
	"bytes"
	"testing"

	"xlvs/dataplane/packet"
)

func TestFinishSCTP(t *testing.T) {
	tests := map[string]struct {
		n    int
		sum  packet.Partial
		want []byte // the field, nil if it is left alone
	}{
		// CRC32c of 32 bytes of zeroes (RFC 3720, appendix B.4) and of 12 (bit by bit).
		"sctp":             {46, packet.Partial{Start: 14, Field: 22}, []byte{0xaa, 0x36, 0x91, 0x8a}},
		"header alone":     {26, packet.Partial{Start: 14, Field: 22}, []byte{0x5d, 0xb5, 0x60, 0x2b}},
		"cut short":        {25, packet.Partial{Start: 14, Field: 22}, nil},
		"tcp":              {46, packet.Partial{Start: 14, Field: 30}, nil},
		"udp":              {46, packet.Partial{Start: 14, Field: 20}, nil},
		"finished already": {46, packet.Partial{}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := make([]byte, tt.n)
			left := finishSCTP(frame, tt.sum)
			if tt.want == nil {
				if left != tt.sum || !bytes.Equal(frame, make([]byte, tt.n)) {
					t.Errorf("left %+v and % x, want it alone", left, frame)
				}
				return
			}
			if got := frame[22:26]; left != (packet.Partial{}) || !bytes.Equal(got, tt.want) {
				t.Errorf("left %+v and % x, want nothing and % x", left, got, tt.want)
			}
		})
	}
}

// TestSCTPArrivesFinished: the kernel tells of an SCTP checksum as of any other.
func TestSCTPArrivesFinished(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{Buffers: 64})
	near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
	const protoSCTP = 132
	frame := append(bytes.Repeat([]byte{2}, 12), network(false, protoSCTP, 32)...)
	p := make1(t, g, append(frame, make([]byte, 32)...))
	p.Sum = packet.Partial{Start: 34, Field: 42}
	send(t, near, p)
	got := arrive(t, g, far, 1)
	want := []byte{0xaa, 0x36, 0x91, 0x8a}
	if p := got[0]; p.Sum != (packet.Partial{}) || !bytes.Equal(p.Bytes()[42:46], want) {
		t.Errorf("received %+v, % x, want it finished, % x", p.Sum, p.Bytes()[42:46], want)
	}
	g.Release(got)
}
