package dataplane

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The pieces of a client's datagram go into the tunnel of the first, in whatever
// order they come.
func TestDatagramsInPiecesIntoTunnels(t *testing.T) {
	for _, c := range tunnelCases() {
		for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {2, 1, 0}} {
			t.Run(fmt.Sprint(c, " ", order), func(t *testing.T) {
				d := newTestDirector(t, c.service(lvs.UDP))
				in := inPieces(c.inner.client+":4242", c.inner.vip+":80")
				var got [][]byte
				for _, i := range order {
					out, _ := d.push(t, in[i])
					for _, f := range out {
						got = append(got, c.open(t, f))
					}
				}
				if len(got) != len(in) {
					t.Fatalf("%d pieces have left, want %d", len(got), len(in))
				}
				for i, f := range in {
					if want := packettest.TTL(f, 63); !slices.ContainsFunc(got, func(b []byte) bool { return bytes.Equal(b, want) }) {
						t.Errorf("piece %d has not been sent:\n% x", i, want)
					}
				}
				if n := d.queue.given - d.queue.dropped - len(got); n != 0 {
					t.Errorf("%d frames have not been given back", n)
				}
			})
		}
	}
}

// Pieces that fit the client's link and not the tunnel are cut once more, or their
// sender is told.
func TestLongPiecesIntoTunnels(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.service(lvs.UDP))
			size := map[bool]int{true: 1480, false: 1448}[c.inner == ipv4]
			in := packettest.Fragments(c.datagramOf(4000, false), size, 7)
			if c.inner == ipv6 {
				c.checkTooBig(t, d, in[0], 1500-c.overhead())
				return
			}
			out, v := d.pushBalanced(t, in...)
			if v[Forward] != uint64(len(in)) || len(v) != 1 {
				t.Fatalf("verdicts = %v, want all pieces forwarded", v)
			}
			got, want := c.arrivals(t, out), in
			if c.outer == ipv6 { // the pieces of pieces make the datagram
				want = [][]byte{c.datagramOf(4000, false)}
			}
			if len(got) != len(want) || !bytes.Equal(bytes.Join(got, nil), oneHopFurther(want)) {
				t.Errorf("%d packets arrive, want %d:\n% x", len(got), len(want), got)
			}
		})
	}
}

// oneHopFurther returns frames one hop further, joined.
func oneHopFurther(frames [][]byte) (all []byte) {
	for _, f := range frames {
		all = append(all, packettest.TTL(f, 63)...)
	}
	return all
}
