package dataplane

import (
	"bytes"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// handleBalanced takes p through the worker, and checks that every frame is given
// back.
func (d *testDirector) handleBalanced(t *testing.T, p *packet.Packet) ([]sentFrame, Verdict) {
	t.Helper()
	kept := d.queue.given - d.queue.dropped
	out, v := d.handleOne(t, p)
	if got := d.queue.given - d.queue.dropped; got != kept+len(out)-1 { // p was not the queue's
		t.Errorf("%d frames have been taken, %d sent", got-kept, len(out))
	}
	return out, v
}

// wholeOf returns the text that segments, in order and each in a frame, carry. All
// of their checksums must be right.
func wholeOf(t *testing.T, frames [][]byte) (text []byte) {
	t.Helper()
	for i, f := range frames {
		var fl flow
		p := packettest.Frame(f)
		if fl.read(p); fl.verdict != undecided || !bytes.Equal(packettest.Finish(f), f) {
			t.Fatalf("segment %d is % x", i, f)
		}
		b := p.Bytes()[p.L4:]
		if fl.proto == lvs.UDP {
			text = append(text, b[header.UDPSize:]...)
			continue
		}
		if seq := header.TCP(b).Seq(); seq != 1+uint32(len(text)) {
			t.Fatalf("segment %d begins at %d, want %d", i, seq, 1+len(text))
		}
		text = append(text, b[header.TCP(b).DataOffset():]...)
	}
	return text
}

// A super-frame is cut before it goes into a tunnel, into segments that fit it. Of
// longer ones its sender is told.
func TestSuperFramesIntoTunnels(t *testing.T) {
	for _, c := range tunnelCases() {
		for name, tt := range gsoFrames(c.inner) {
			t.Run(c.String()+" "+name, func(t *testing.T) {
				d := newTestDirector(t, c.service(lvs.TCP), c.service(lvs.UDP))
				room := 1500 - c.overhead()
				size, text := room-tt.headers, len(packettest.Network(tt.frame))-tt.headers
				out, v := d.handleBalanced(t, superFrame(tt.frame, tt.kind, uint16(size)))
				if v != Forward || len(out) != (text+size-1)/size || len(packettest.Network(out[0].frame)) != 1500 {
					t.Fatalf("%v, sent %d frames, want %d, the first as long as the MTU", v, len(out), (text+size-1)/size)
				}
				checkText(t, c.arrivals(t, out), text)
				out, v = d.handleBalanced(t, superFrame(tt.frame, tt.kind, uint16(size+1)))
				if v != TooBig || len(out) != 1 || int(be16(packettest.Transport(out[0].frame)[6:])) != room {
					t.Errorf("segments of a byte more: %v, sent %d frames, want an answer with MTU %d", v, len(out), room)
				}
			})
		}
	}
}

// checkText checks that segments carry n times x.
func checkText(t *testing.T, segments [][]byte, n int) {
	t.Helper()
	if got := wholeOf(t, segments); !bytes.Equal(got, bytes.Repeat([]byte("x"), n)) {
		t.Errorf("%d segments carry %d bytes: %.40q…, want %d", len(segments), len(got), got, n)
	}
}

// A super-frame that may be fragmented is cut into segments, and those into
// fragments.
func TestSuperFramesInFragments(t *testing.T) {
	for _, c := range tunnelCases() {
		if c.inner == ipv6 {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.service(lvs.TCP))
			frame := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, strings.Repeat("x", 60000))
			header.IPv4(packettest.Network(frame)).SetFragment(0, 0)
			out, v := d.handleBalanced(t, superFrame(packettest.Finish(frame), packet.GSOTCP4, 1460))
			if want := 2 * ((60000 + 1459) / 1460); v != Forward || len(out) < want-1 {
				t.Fatalf("%v, sent %d frames, want %d", v, len(out), want)
			}
			checkText(t, c.arrivals(t, out), 60000)
		})
	}
}
