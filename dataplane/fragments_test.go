package dataplane

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// inPieces returns a UDP datagram of 4,000 bytes, in pieces.
func inPieces(src, dst string) [][]byte {
	whole := packettest.UDP(src, dst, strings.Repeat("0123456789abcdef", 250))
	return packettest.Fragments(whole, 1400, 7)
}

// TestDatagramsInPieces sends the pieces of datagrams in any order: each leaves
// with the addresses of its connection, and the ports of the first are all that
// changes below.
func TestDatagramsInPieces(t *testing.T) {
	orders := [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	for _, f := range []family{ipv4, ipv6} {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			for _, order := range orders {
				t.Run(fmt.Sprint(f.name(), " ", m, " ", order), func(t *testing.T) {
					d := newTestDirector(t, testService(lvs.UDP, m, f.bare()))
					real := f.real + ":8080"
					if m == lvs.DirectRouting {
						real = f.vip + ":80"
					}
					in, want := inPieces(f.client+":4242", f.vip+":80"), inPieces(f.client+":4242", real)
					var sent []sentFrame
					for _, i := range order {
						out, _ := d.push(t, in[i])
						sent = append(sent, out...)
					}
					checkPieces(t, sent, want, 1)
					in, want = inPieces(real, f.client+":4242"), inPieces(f.vip+":80", f.client+":4242")
					if m == lvs.NAT {
						answer, _ := d.push(t, in[order[0]], in[order[1]], in[order[2]])
						checkPieces(t, answer, want, 0)
						sent = append(sent, answer...)
					}
					if d.queue.given != len(sent)+d.queue.dropped {
						t.Errorf("gave %d frames, got back %d", d.queue.given, len(sent)+d.queue.dropped)
					}
				})
			}
		}
	}
}

// checkPieces compares, in whatever order, what left with the pieces that a
// datagram has been rewritten to.
func checkPieces(t *testing.T, sent []sentFrame, want [][]byte, port uint16) {
	t.Helper()
	if len(sent) != len(want) {
		t.Fatalf("sent %d pieces, want %d", len(sent), len(want))
	}
	for i, w := range want {
		w = toClient(w)
		if port == 1 {
			w = toReal(bytes.Clone(want[i]))
		}
		if !slices.ContainsFunc(sent, func(f sentFrame) bool { return f.port == port && bytes.Equal(f.frame, w) }) {
			t.Errorf("piece %d has not been sent:\n% x", i, w)
		}
	}
}

func TestPiecesShareAFate(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newTestDirector(t, testService(lvs.UDP, lvs.NAT, f.bare()))
			h := &fakeHost{room: 100}
			d.host = h
			in := inPieces(f.client+":4242", f.vip+":81") // nobody's port
			_, v := d.push(t, in[2], in[1], in[0])
			if v[ToHost] != 3 || len(h.given) != 3 {
				t.Errorf("verdicts = %v, the host got %d pieces, want all three", v, len(h.given))
			}
			for _, s := range d.Services() {
				if s.Counters != (Counters{}) {
					t.Errorf("counters = %+v", s.Counters)
				}
			}
		})
	}
}

func TestPiecesThatOverlapAreRefused(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newTestDirector(t, testService(lvs.UDP, lvs.NAT, f.bare()))
			whole := packettest.UDP(f.client+":4242", f.vip+":80", strings.Repeat("x", 4000))
			in, other := packettest.Fragments(whole, 1400, 7), packettest.Fragments(whole, 1000, 7)
			out, v := d.push(t, in[0], other[1], in[1], in[2])
			if len(out) != 1 || v[Forward] != 1 || v[Fragment] != 3 {
				t.Errorf("verdicts = %v, sent %d pieces", v, len(out))
			}
		})
	}
}

func TestSegmentsInPieces(t *testing.T) {
	s := testService(lvs.TCP, lvs.NAT, real4)
	d := newTestDirector(t, s)
	d.push(t, packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, ""))
	whole := packettest.TCP(client4+":4242", vip4+":80", header.FlagACK, strings.Repeat("x", 2000))
	if out, v := d.push(t, packettest.Fragments(whole, 1000, 9)...); v[Forward] != 3 || len(out) != 3 {
		t.Errorf("verdicts = %v, sent %d pieces", v, len(out))
	}
}
