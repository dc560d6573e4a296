package dataplane

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/encap"
	"xlvs/lvs"
)

func syn(src, dst string) []byte { return packettest.TCP(src, dst, header.FlagSYN, "") }

// headerSize returns the size of f's IP header.
func (f family) headerSize() int {
	return map[bool]int{true: header.IPv4Size, false: header.IPv6Size}[f == ipv4]
}

// full returns a segment whose packet has n bytes.
func (f family) full(src, dst string, n int) []byte {
	return packettest.TCP(src, dst, header.FlagACK, strings.Repeat("x", n-f.headerSize()-header.TCPSize))
}

// What fits the next link exactly passes, also when it becomes longer or shorter
// there; of a byte more the sender is told, with what is left for it.
func TestFullNATAndTheMTU(t *testing.T) {
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			s := c.open(t, newTestDirector(t, c.service(lvs.TCP)), syn)
			there, back := 1500, 1500
			switch {
			case c.client == ipv4 && c.real == ipv6:
				there, back = there-encap.FamilyOverhead, back+encap.FamilyOverhead
			case c.client == ipv6 && c.real == ipv4:
				there, back = there+encap.FamilyOverhead, back-encap.FamilyOverhead
			}
			for _, way := range []struct {
				f        family
				from, to string
				room     int
				port     uint16
			}{{c.client, s.client, s.vip, there, 1}, {c.real, s.real, s.seen, back, 0}} {
				if out, v := s.push(t, way.f.full(way.from, way.to, way.room)); v[Forward] != 1 || out[0].port != way.port {
					t.Errorf("%d bytes from %s: verdicts = %v", way.room, way.from, v)
				}
				in := way.f.full(way.from, way.to, way.room+1)
				out, v := s.push(t, in)
				if v[TooBig] != 1 || len(out) != 1 {
					t.Fatalf("%d bytes from %s: verdicts = %v, sent %d frames", way.room+1, way.from, v, len(out))
				}
				checkAnswer(t, in, out[0].frame)
				if got := int(be16(packettest.Transport(out[0].frame)[6:])); got != way.room {
					t.Errorf("%s is told of an MTU of %d, want %d", way.from, got, way.room)
				}
			}
		})
	}
}

// Super-frames pass whole, also to the other family.
func TestSuperFramesOverFullNAT(t *testing.T) {
	text := strings.Repeat("x", 8000)
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			s := c.open(t, newTestDirector(t, c.service(lvs.TCP)), syn)
			kind := map[bool]packet.GSOKind{true: packet.GSOTCP4, false: packet.GSOTCP6}[c.client == ipv4]
			in := superFrame(packettest.TCP(s.client, s.vip, header.FlagACK, text), kind, 1400)
			out, v := s.handleBalanced(t, in)
			if v != Forward || len(out) != 1 {
				t.Fatalf("%v, sent %d frames, want one", v, len(out))
			}
			want := packettest.Unfinished(toReal(packettest.TCP(s.seen, s.real, header.FlagACK, text)))
			if !slices.Equal(out[0].frame, want) {
				t.Errorf("sent %d bytes:\n% .100x, want\n% .100x", len(out[0].frame), out[0].frame, want)
			}
		})
	}
}

// Datagrams in fragments go by their first one, in whichever order they come, also
// to the other family.
func TestFragmentsOverFullNAT(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100)
	for _, c := range crossings {
		for name, order := range map[string][]int{"in order": {0, 1, 2}, "first one last": {2, 1, 0}} {
			t.Run(fmt.Sprint(c, " ", name), func(t *testing.T) {
				d := newTestDirector(t, c.service(lvs.UDP))
				s := c.open(t, d, func(src, dst string) []byte { return packettest.UDP(src, dst, "") })
				there := packettest.Fragments(packettest.UDP(s.client, s.vip, text), 800, 7)
				back := packettest.Fragments(packettest.UDP(s.real, s.seen, text), 800, 8)
				checkFullNATPieces(t, d, permuted(there, order), toReal, packettest.Fragments(packettest.UDP(s.seen, s.real, text), 800, 7))
				checkFullNATPieces(t, d, permuted(back, order), toClient, packettest.Fragments(packettest.UDP(s.vip, s.client, text), 800, 8))
			})
		}
	}
}

// An IPv4 datagram that leaves over IPv6, and is too long there, is sent in
// fragments if it may be; and so are fragments.
func TestLongDatagramsToIPv6(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 92) // 1472 bytes: as much as Ethernet takes
	c := crossings[2]
	d := newTestDirector(t, c.service(lvs.UDP))
	s := c.open(t, d, func(src, dst string) []byte { return packettest.UDP(src, dst, "") })
	whole := packettest.UDP(s.client, s.vip, text)
	h := header.IPv4(packettest.Network(whole))
	h.SetID(7)
	h.SetFragment(0, 0)
	want := packettest.Fragments(packettest.UDP(s.seen, s.real, text), 1448, 7)
	out, v := d.push(t, packettest.Finish(whole))
	if v[Forward] != 1 || len(out) != len(want) {
		t.Fatalf("a whole one: verdicts = %v, sent %d frames, want %d", v, len(out), len(want))
	}
	for i := range want {
		if want := toReal(want[i]); !slices.Equal(out[i].frame, want) {
			t.Errorf("sent\n% x, want\n% x", out[i].frame, want)
		}
	}
	text += text + text
	pieces := packettest.Fragments(packettest.UDP(s.client, s.vip, text), 1480, 8)
	if out, v := d.push(t, pieces...); v[Forward] != 3 || len(out) != 6 {
		t.Errorf("three pieces: verdicts = %v, sent %d frames, want 6", v, len(out))
	}
	whole = packettest.UDP(s.client, s.vip, text[:1472])
	if out, v := d.push(t, whole); v[TooBig] != 1 || len(out) != 1 {
		t.Errorf("one that must not be fragmented: verdicts = %v, sent %d frames", v, len(out))
	}
}

func permuted(frames [][]byte, order []int) (list [][]byte) {
	for _, i := range order {
		list = append(list, frames[i])
	}
	return list
}

// checkFullNATPieces checks that pieces leave as want, in whichever order.
func checkFullNATPieces(t *testing.T, d *testDirector, pieces [][]byte, left func([]byte) []byte, want [][]byte) {
	t.Helper()
	out, v := d.push(t, pieces...)
	if v[Forward] != uint64(len(pieces)) || len(out) != len(want) {
		t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
	}
	var got, wanted []string
	for i := range want {
		got, wanted = append(got, string(out[i].frame)), append(wanted, string(left(want[i])))
	}
	slices.Sort(got)
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Errorf("sent\n% x, want\n% x", got, wanted)
	}
}
